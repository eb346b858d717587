#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "workflow_results/document.hpp"
#include "workflow_results/outcomes.hpp"

namespace workflow_results {

/// What the elements of a stream come from; of no use to callers.
template <class T>
class Source {
 public:
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;
  virtual std::optional<T> next() = 0;        ///< Waits for the next element; none at the end.
  virtual void cancel() noexcept = 0;          ///< Ends it, from any thread.
  [[nodiscard]] virtual std::string resume_token() const { return {}; }  ///< Where it is.
};

/// A lazy input range, in constant memory: `for (auto&& result : results.view("tutorial"))`.
///
/// An element may be moved from. The range can be iterated over once, by one thread at a time; `cancel` may come from any.
/// Its end, or its destruction, ends the call at the service.
template <class T>
class Stream {
 public:
  /// An input iterator.
  class Iterator {
   public:
    using iterator_concept = std::input_iterator_tag;  ///< What it is.
    using value_type = T;                              ///< What it goes over.
    using difference_type = std::ptrdiff_t;            ///< As of all iterators.

    /// Makes an iterator to nothing.
    Iterator() noexcept = default;
    /// Returns the element, which may be moved from.
    T& operator*() const noexcept { return *state_->current; }
    /// Returns a pointer to the element.
    T* operator->() const noexcept { return &*state_->current; }
    /// Waits for the next element. @throws Error The stream fails.
    Iterator& operator++() {
      state_->current = state_->source->next();
      return *this;
    }
    /// Waits for the next element. @throws Error The stream fails.
    void operator++(int /*postfix*/) { ++*this; }
    /// Returns whether there is no further element.
    friend bool operator==(const Iterator& iterator, std::default_sentinel_t /*end*/) noexcept {
      return !iterator.state_ || !iterator.state_->current;
    }

   private:
    friend class Stream;
    struct State {
      std::unique_ptr<Source<T>> source;
      std::optional<T> current{};
    };
    explicit Iterator(State* state) noexcept : state_(state) {}
    State* state_ = nullptr;
  };

  /// Makes a stream of what a source has.
  explicit Stream(std::unique_ptr<Source<T>> source)
      : state_(std::make_unique<typename Iterator::State>(typename Iterator::State{std::move(source)})) {}

  /// Waits for the first element. @throws Error The stream fails.
  [[nodiscard]] Iterator begin() {
    Iterator iterator{state_.get()};
    ++iterator;
    return iterator;
  }
  /// Returns the end.
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

  /// Waits for the next element, without iterators; none at the end. @throws Error The stream fails.
  [[nodiscard]] std::optional<T> next() { return state_->source->next(); }

  /// Ends the stream, from any thread: who waits for an element of results gets an Error of the kind `cancelled`, and who
  /// waits for a change reaches the end.
  void cancel() noexcept { state_->source->cancel(); }

 protected:
  /// Returns where the source is.
  [[nodiscard]] std::string token() const { return state_->source->resume_token(); }

 private:
  std::unique_ptr<typename Iterator::State> state_;
};

/// The results of a read.
using ResultStream = Stream<Document>;

/// The changes of a watch, without an end. It goes on by itself where the service restarts or a connection breaks.
class Watch : public Stream<Change> {
 public:
  using Stream::Stream;

  /// Returns where to go on behind the last change: later than the token of that, if nothing has come since.
  [[nodiscard]] std::string resume_token() const { return token(); }
};

}  // namespace workflow_results
