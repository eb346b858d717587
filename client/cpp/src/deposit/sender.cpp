#include "deposit/sender.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "transport/rpc_errors.hpp"

namespace workflow_results::internal {

namespace {

constexpr const char* kMethod = "DepositStream";
constexpr Milliseconds kUnacknowledged{10'000};  // after this, a stream on which something waits is replaced

}  // namespace

DepositSender::DepositSender(std::shared_ptr<Client> client, Milliseconds patience)
    : client_(std::move(client)), patience_(patience), stop_({}, client_->closing()) {
  thread_ = std::thread{[this] { run(); }};
}

DepositSender::~DepositSender() {
  {
    const std::scoped_lock lock{mutex_};
    closing_ = true;
    changed_.notify_all();
    if (call_) call_->wake();
  }
  thread_.join();
}

std::shared_ptr<PendingWork> DepositSender::deposit(const Document& given) {
  auto work = prepared(given);
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [this] { return !backlog_.is_full() || closing_ || backlog_.failure(); });
  check_alive();
  const auto now = Clock::now();
  const bool begins = !backlog_.has_gathered();
  if (begins && !backlog_.has_in_flight()) progress_ = now;
  auto pending = backlog_.add(std::move(work), now);
  const auto due = backlog_.may_send(closing_);
  if (!call_) {
    changed_.notify_all();
  } else if (due && (begins || *due <= now)) {
    call_->wake();
  }
  return pending;
}

void DepositSender::check_alive() const {
  if (backlog_.failure()) throw Error{*backlog_.failure()};
  if (closing_) throw Error::invalid("the depositor is closed");
}

void DepositSender::flush() {
  std::unique_lock lock{mutex_};
  const auto last = backlog_.last();
  changed_.wait(lock, [this, last] { return backlog_.is_done(last); });
  if (backlog_.failure()) throw Error{*backlog_.failure()};
}

void DepositSender::close() {
  std::unique_lock lock{mutex_};
  if (closing_ && ended_) return;
  closing_ = true;
  changed_.notify_all();
  if (call_) call_->wake();
  changed_.wait(lock, [this] { return ended_; });
  if (auto error = backlog_.outcome()) throw Error{std::move(*error)};
}

void DepositSender::run() {
  while (wait_for_works()) {
    try {
      exchange();
    } catch (const Error& error) {
      recover(error.details());
    } catch (const std::exception& error) {  // whatever else goes wrong, no work is lost without a word
      recover({.message = std::string{"depositing failed: "} + error.what(), .outcome_unknown = true});
    }
  }
  const std::scoped_lock lock{mutex_};
  ended_ = true;
  changed_.notify_all();
}

bool DepositSender::wait_for_works() {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [this] { return backlog_.has_gathered() || closing_ || backlog_.failure(); });
  return backlog_.has_gathered();
}

void DepositSender::exchange() {
  if (!place_) place_ = client_->stream_place();
  client_->ensure_reachable(*place_, patience(), stop_);
  auto begun = Client::call(*place_, kMethod, client_->context(Deadline::after(std::nullopt)), stop_);
  Call& call = *begun;
  {
    const std::scoped_lock lock{mutex_};
    call_ = std::move(begun);
    writing_ = true;
    half_closed_ = false;
  }
  v1::DepositStreamResponse answer;
  call.start();
  call.read(answer);
  const auto most = std::min(kUnacknowledged, patience_);
  auto last = Clock::now();  // when something came, or nothing was awaited
  for (;;) {
    const auto next = feed();
    bool awaits = false;
    {
      const std::scoped_lock lock{mutex_};
      awaits = backlog_.has_in_flight() || half_closed_;
    }
    if (!awaits) last = Clock::now();
    const auto end = awaits ? last + most : Clock::time_point::max();
    const auto happened = call.wait(std::min(next, end));
    if (happened.event == Call::Event::started || happened.event == Call::Event::written) {
      const std::scoped_lock lock{mutex_};
      writing_ = !happened.ok;  // nothing more can be sent then, and what is read says why
    }
    if (happened.event == Call::Event::read) {
      if (!happened.ok) break;
      last = Clock::now();
      acknowledge(answer);
      call.read(answer);
    }
    if (awaits && Clock::now() >= last + most) {
      auto silent = unavailable("the service acknowledged nothing for " + in_seconds(most));
      silent.outcome_unknown = true;
      throw Error{std::move(silent)};
    }
  }
  const auto status = call.finish();
  if (!status.ok()) {
    throw client_->failure(status, kMethod, Deadline::after(std::nullopt), *place_, stop_);
  }
  auto early = unavailable("the service ended the stream before it had acknowledged all works");
  early.outcome_unknown = true;
  throw Error{std::move(early)};
}

Deadline DepositSender::patience() {
  const std::scoped_lock lock{mutex_};
  return Deadline::after(patience_, progress_);
}

Clock::time_point DepositSender::feed() {
  const std::scoped_lock lock{mutex_};
  if (writing_ || half_closed_) return Clock::time_point::max();
  const auto due = backlog_.may_send(closing_);
  if (due && *due <= Clock::now()) {
    writing_ = true;
    call_->write(backlog_.take());
    return Clock::time_point::max();
  }
  if (closing_ && !backlog_.has_gathered() && !backlog_.has_in_flight()) {
    half_closed_ = writing_ = true;
    call_->half_close();
  }
  return due.value_or(Clock::time_point::max());
}

void DepositSender::acknowledge(const v1::DepositStreamResponse& answer) {
  const std::scoped_lock lock{mutex_};
  backlog_.acknowledge(answer);
  attempts_.progress();
  progress_ = Clock::now();
  changed_.notify_all();
}

void DepositSender::recover(ErrorDetails error) {
  std::unique_ptr<Call> over;
  std::optional<Milliseconds> pause;
  {
    const std::scoped_lock lock{mutex_};
    over = std::move(call_);
    if (error.kind == ErrorKind::permission_denied && backlog_.sort_out(error)) {
      progress_ = Clock::now();
      changed_.notify_all();
      return;
    }
    if (!backlog_.has_gathered() && !backlog_.has_in_flight()) return;  // an idle stream may end at any time
    pause = attempts_.pause_after(error, Deadline::after(patience_, progress_).left());
    backlog_.requeue(error.outcome_unknown);
    if (!pause) backlog_.fail(std::move(error));
    changed_.notify_all();
  }
  over.reset();
  if (pause) stop_.pause(*pause);
}

}  // namespace workflow_results::internal
