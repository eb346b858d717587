package workflowresults

import (
	"context"
	"errors"
	"iter"
	"strings"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"google.golang.org/grpc/codes"

	pb "github.com/chimefrb/workflow-results/client/go/workflowresults/v1"
)

// ChangeKind is what happened to a result.
type ChangeKind string

// What may happen to a result.
const (
	// ChangeExisting: nothing; it is part of the snapshot.
	ChangeExisting ChangeKind = "EXISTING"
	// ChangeDeposited: it was deposited.
	ChangeDeposited ChangeKind = "DEPOSITED"
	// ChangeUpdated: it was changed by an Update.
	ChangeUpdated ChangeKind = "UPDATED"
	// ChangeLocked: it was locked, or had been locked before.
	ChangeLocked ChangeKind = "LOCKED"
	// ChangeUnlocked: it was unlocked, or had been unlocked before.
	ChangeUnlocked ChangeKind = "UNLOCKED"
	// ChangeDeleted: it was deleted, whether it matched the query or not.
	ChangeDeleted ChangeKind = "DELETED"
	// ChangeChanged: an administrator changed it in MongoDB.
	ChangeChanged ChangeKind = "CHANGED"
	// ChangeUnmatched: it was changed, and does not match the query now; or it was deleted since.
	ChangeUnmatched ChangeKind = "UNMATCHED"
	// ChangeDropped: its pipeline was dropped, with all that may have been in it. The change has no ID.
	ChangeDropped ChangeKind = "DROPPED"
	// ChangeSnapshotComplete: all of the snapshot has come. The change has only a resume token.
	ChangeSnapshotComplete ChangeKind = "SNAPSHOT_COMPLETE"
)

// Change is a change of a result.
type Change struct {
	// Kind is what happened.
	Kind ChangeKind
	// Pipeline and ID name the result.
	Pipeline, ID string
	// Result is the result as it is when the change is told; nil for results that are
	// deleted or do not match, for pipelines that are dropped, and for the end of a snapshot.
	Result bson.Raw
	// Time is when it happened, in UTC; zero for those of a snapshot, and its end.
	Time time.Time
	// Caller is the name of the token or certificate of who made the change, if the server has a tokens file.
	Caller string
	// Reason is why, as the caller gave it.
	Reason string
	// Fields are the top-level fields that an Update set.
	Fields []string
	// ResumeToken is what to give to another watch that goes on behind this change.
	ResumeToken []byte
}

// WatchOptions are those of [Results.Watch].
type WatchOptions struct {
	// Query says which results to watch, as in [Results.View]. Nil: all.
	Query any
	// Projection is that of [ViewOptions].
	Projection any
	// Snapshot: the results that are there come first, as ChangeExisting, and then ChangeSnapshotComplete.
	Snapshot bool
	// ResumeToken is that of an earlier watch with the same pipelines, query and projection, to go on where it was.
	ResumeToken []byte
}

// Watch is a watch of changes as they are made. One goroutine at a time may ask it for changes; Close and ResumeToken may
// be called by any.
type Watch struct {
	responses chan watched
	over      chan struct{} // closed when err is set
	err       *Error
	cancel    context.CancelFunc
	left      []arrived

	mu     sync.Mutex
	token  []byte
	closed bool
}

// longestSilence is how long nothing may come: four times as long as the service may be silent.
const longestSilence = time.Minute

// Watch begins to watch the results of some pipelines, or of all that the caller may use, also in future, if there are none
// given. When it returns, the service watches: every change that is made from then on comes. The watch ends with Close, or
// with its context.
//
// Nothing is lost through restarts of the service, but a change may come twice after a break. The changes of a result come
// in the order in which they were made. An error with the reason RESUME_TOKEN_EXPIRED means that the changes since the
// token are not known any more: watch again without it, with a snapshot.
func (r *Results) Watch(ctx context.Context, pipelines []string, options *WatchOptions) (*Watch, error) {
	var chosen WatchOptions
	if options != nil {
		chosen = *options
	}
	filter, projection, err := filtered(chosen.Query, chosen.Projection)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	state := &watching{
		what: "Watch at " + r.target, token: chosen.ResumeToken, silence: longestSilence, attempts: attempts{policy: idempotent},
	}
	state.request = func(token []byte) *pb.WatchRequest {
		return &pb.WatchRequest{
			Pipelines: pipelines, Query: filter, Projection: projection, Snapshot: chosen.Snapshot, ResumeToken: token,
		}
	}
	watch := &Watch{responses: make(chan watched), over: make(chan struct{}), cancel: cancel, token: chosen.ResumeToken}
	begun := make(chan struct{})
	go func() {
		defer close(watch.over)
		watch.err = watch.follow(ctx, r, state, begun)
	}()
	select {
	case <-begun:
		return watch, nil
	case <-watch.over:
		cancel()
		return nil, watch.err
	}
}

// follow reads one stream after another, until that fails for good.
func (w *Watch) follow(ctx context.Context, r *Results, state *watching, begun chan<- struct{}) *Error {
	var giveUp time.Time // zero while all is well
	has := false
	hand := func(answer *pb.WatchResponse) (bool, *Error) {
		giveUp = time.Time{}
		taken, err := state.take(answer)
		if err != nil {
			return false, err
		}
		if !has {
			has = true
			w.moveBehind(taken)
			close(begun)
		}
		select {
		case w.responses <- taken:
			return true, nil
		case <-ctx.Done():
			return false, ended(ctx, state.what)
		}
	}
	for {
		connect := giveUp
		if connect.IsZero() {
			connect = time.Now().Add(r.patience())
		}
		err := receive(
			ctx, r, "Watch", pb.ResultsServiceClient.Watch, state.request(state.token), limits{connect, state.silence}, hand)
		if err == nil {
			err = unavailable("%s ended", state.what)
		}
		if errors.Is(err, errSilent) {
			err.Kind, err.Code = Unavailable, codes.Unavailable
		}
		if giveUp.IsZero() {
			giveUp = time.Now().Add(r.patience())
		}
		pause, final := state.attempts.after(err, min(remaining(ctx), time.Until(giveUp)))
		if final != nil {
			return final
		}
		if !sleep(ctx, pause) {
			return stopped(ctx, err, state.what)
		}
	}
}

// Next waits for the next change, until ctx ends, which does not end the watch: the change comes with another call.
func (w *Watch) Next(ctx context.Context) (Change, error) {
	for len(w.left) == 0 {
		select {
		case taken := <-w.responses:
			w.left = taken.changes
			w.moveBehind(taken)
		case <-w.over:
			return Change{}, w.err
		case <-ctx.Done():
			return Change{}, ended(ctx, "waiting for a change")
		}
	}
	next := w.left[0]
	w.left = w.left[1:]
	w.moveTo(next.token)
	return next.change(), nil
}

// Changes returns the changes as they come, without an end but that of ctx or of the watch. An error is the last one. After
// Close, it just ends. Leaving the loop does not end the watch: go on with another one, or Close it.
func (w *Watch) Changes(ctx context.Context) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		for {
			change, err := w.Next(ctx)
			if err != nil && w.isClosed() || !yield(change, err) || err != nil {
				return
			}
		}
	}
}

// ResumeToken returns what to give to another watch to go on where this one is: later than that of the last change, if
// nothing has come since.
func (w *Watch) ResumeToken() []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.token
}

// Close ends the watch; who waits for a change gets an error of kind Canceled. To close twice is fine.
func (w *Watch) Close() error {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.cancel()
	<-w.over
	return nil
}

func (w *Watch) isClosed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.closed
}

// moveBehind moves the token behind a response, unless its changes have to be handed on first.
func (w *Watch) moveBehind(taken watched) {
	if len(taken.changes) == 0 {
		w.moveTo(taken.token)
	}
}

func (w *Watch) moveTo(token []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.token = token
}

// watched is a response as it has arrived: its changes, and the token behind it.
type watched struct {
	changes []arrived
	token   []byte
}

// arrived is a change as it has arrived. Several may share a result.
type arrived struct {
	event  *pb.WatchEvent // nil for the end of a snapshot
	result bson.Raw
	token  []byte
}

// watching is a watch on its way through one stream after another, no change missing.
type watching struct {
	what     string
	request  func(token []byte) *pb.WatchRequest
	token    []byte
	silence  time.Duration // how long nothing may come
	attempts attempts
}

// take notes what has arrived.
func (w *watching) take(response *pb.WatchResponse) (watched, *Error) {
	w.attempts.progress()
	results, err := split(response.GetResults().GetBson())
	if err != nil {
		return watched{}, err
	}
	before, behind := w.token, response.GetResumeToken()
	if len(behind) == 0 {
		behind = before
	}
	taken := watched{token: behind}
	for position, event := range response.GetEvents() {
		if changeKind(event.GetKind()) == "" {
			return watched{}, other("%s has changes that are not known to this client: is it older than the server?", w.what)
		}
		each := arrived{event: event, token: before}
		if event.ResultIndex != nil {
			index := int(event.GetResultIndex())
			if index < 0 || index >= len(results) {
				return watched{}, other("%s lost results: %d arrived in a response", w.what, len(results))
			}
			each.result = results[index]
		}
		if position == len(response.GetEvents())-1 {
			each.token = behind
		}
		taken.changes = append(taken.changes, each)
	}
	if response.GetSnapshotComplete() {
		taken.changes = append(taken.changes, arrived{token: behind})
	}
	w.token = behind
	return taken, nil
}

// change puts a change into our terms.
func (a arrived) change() Change {
	if a.event == nil {
		return Change{Kind: ChangeSnapshotComplete, ResumeToken: a.token}
	}
	made := Change{
		Kind: changeKind(a.event.GetKind()), Pipeline: a.event.GetPipeline(), ID: a.event.GetId(), Caller: a.event.GetCaller(),
		Reason: a.event.GetReason(), Fields: a.event.GetFields(), ResumeToken: a.token,
	}
	if a.result != nil {
		made.Result = handed(a.result)
	}
	if a.event.Time != nil {
		made.Time = a.event.GetTime().AsTime()
	}
	return made
}

// changeKind names a kind of changes; empty for one that is not known.
func changeKind(kind pb.ChangeKind) ChangeKind {
	if _, known := pb.ChangeKind_name[int32(kind)]; !known || kind == pb.ChangeKind_CHANGE_KIND_UNSPECIFIED {
		return ""
	}
	return ChangeKind(strings.TrimPrefix(kind.String(), "CHANGE_KIND_"))
}
