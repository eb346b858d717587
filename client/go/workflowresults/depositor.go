package workflowresults

import (
	"context"
	"io"
	"slices"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"google.golang.org/grpc"

	pb "github.com/chimefrb/workflow-results/client/go/workflowresults/v1"
)

// Pending is the receipt of a work that is under way.
type Pending struct {
	depositor *Depositor
	number    int // of the work among those that were given
	done      chan struct{}
	receipt   Receipt
	err       *Error
}

func (p *Pending) become(receipt Receipt, err *Error) {
	p.receipt, p.err = receipt, err
	close(p.done)
}

// Done returns a channel that is closed when the receipt is there, or an error.
func (p *Pending) Done() <-chan struct{} { return p.done }

// Receipt waits for the receipt, until ctx ends. An error says that the depositor has failed, or that the caller may not
// deposit this work; its Works are then to be deposited again, or have that work.
func (p *Pending) Receipt(ctx context.Context) (Receipt, error) {
	if !within(ctx, p.done) {
		return Receipt{}, ended(ctx, "waiting for a receipt")
	}
	p.depositor.mu.Lock()
	delete(p.depositor.backlog.unseen, p)
	p.depositor.mu.Unlock()
	if p.err != nil {
		return Receipt{}, p.err
	}
	return p.receipt, nil
}

// Depositor takes works one by one and sends them together. Any number of goroutines may use it. If the connection breaks
// or the service restarts, works that were not acknowledged are sent again, which is safe.
type Depositor struct {
	results  *Results
	patience time.Duration
	ended    chan struct{}
	ctx      context.Context // of its streams; ends when it gives up
	cancel   context.CancelFunc

	mu      sync.Mutex
	backlog backlog
	changed chan struct{} // closed, and replaced, when something changes
}

// DepositorOptions are those of [Results.Depositor].
type DepositorOptions struct {
	// Timeout is after how long without an acknowledgement to give up. Default: a minute, or the timeout of the client if
	// that is shorter.
	Timeout time.Duration
}

// Depositor opens a depositor, which must be closed.
func (r *Results) Depositor(options *DepositorOptions) *Depositor {
	patience := r.patience()
	if options != nil && options.Timeout > 0 {
		patience = options.Timeout
	}
	made := &Depositor{results: r, patience: patience, ended: make(chan struct{}), changed: make(chan struct{})}
	made.backlog.unseen = map[*Pending]bool{}
	made.ctx, made.cancel = context.WithCancel(context.Background())
	go made.run()
	return made
}

// Deposit gives a work to be deposited, as in [Results.Deposit], and returns its receipt to come. It waits while more than
// 16 MiB are not acknowledged, until ctx ends. It fails if the work can't be encoded, or the depositor is closed or has
// failed.
func (d *Depositor) Deposit(ctx context.Context, work any) (*Pending, error) {
	if raw, ok := work.(bson.Raw); ok { // which may be the buffer of a cursor
		work = slices.Clone(raw)
	}
	prepared, err := preparedDeposit("work", work)
	if err != nil {
		return nil, err
	}
	pending := &Pending{depositor: d, done: make(chan struct{})}
	d.mu.Lock()
	defer d.mu.Unlock()
	for d.backlog.bytes >= pendingBytes && !d.backlog.closing {
		if !d.waitLocked(ctx) {
			return nil, ended(ctx, "waiting for room in the depositor")
		}
	}
	if d.backlog.failure != nil {
		return nil, d.backlog.failure
	}
	if d.backlog.closing {
		return nil, other("the depositor is closed")
	}
	if d.backlog.add(prepared, pending, time.Now()) {
		d.notifyLocked()
	}
	return pending, nil
}

// Flush waits until all works given so far are acknowledged, until ctx ends. It fails if the depositor does.
func (d *Depositor) Flush(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	last := d.backlog.sequence
	open := func(bundles []*bundle) bool { return len(bundles) > 0 && bundles[0].sequence <= last }
	for open(d.backlog.inFlight) || open(d.backlog.gathered) {
		if !d.waitLocked(ctx) {
			return ended(ctx, "waiting for acknowledgements")
		}
	}
	if d.backlog.failure != nil {
		return d.backlog.failure
	}
	return nil
}

// Close waits until all works are acknowledged; when ctx ends, it gives up, and its error has the others in its Works.
// Works that were not stored, and whose receipts nobody has asked for, are an error with their receipts in its Receipts.
// To close again is fine, and returns the same.
func (d *Depositor) Close(ctx context.Context) error {
	d.mu.Lock()
	d.backlog.closing = true
	d.notifyLocked()
	d.mu.Unlock()
	if !within(ctx, d.ended) {
		d.giveUp(ended(ctx, "closing the depositor"))
		<-d.ended
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.backlog.verdict(); err != nil {
		return err
	}
	return nil
}

// notifyLocked wakes all who wait for a change.
func (d *Depositor) notifyLocked() {
	close(d.changed)
	d.changed = make(chan struct{})
}

// waitLocked waits for a change, without the lock, and returns false when ctx ends.
func (d *Depositor) waitLocked(ctx context.Context) bool {
	changed := d.changed
	d.mu.Unlock()
	defer d.mu.Lock()
	return within(ctx, changed)
}

// giveUp ends it at once, and makes it fail if anything is not acknowledged.
func (d *Depositor) giveUp(err *Error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.backlog.idle() {
		err.OutcomeUnknown = len(d.backlog.inFlight) > 0
		d.failLocked(err)
	}
	d.cancel()
}

// failLocked makes all that is not acknowledged fail, and all that is given later.
func (d *Depositor) failLocked(err *Error) {
	d.backlog.fail(err)
	d.notifyLocked()
}

// run sends what is gathered, until the depositor is closed and all is acknowledged, or it has failed.
func (d *Depositor) run() {
	defer close(d.ended)
	defer d.cancel()
	attempts := attempts{policy: streamOfDeposits}
	for {
		before, more := d.begin()
		if !more {
			return
		}
		err := d.exchange(before.Add(d.patience))
		d.mu.Lock()
		d.backlog.interrupted(err)
		progress := d.backlog.progress
		idle := len(d.backlog.inFlight) == 0 && (progress != before || len(d.backlog.gathered) == 0)
		sorted := (err.Kind == PermissionDenied || err.Kind == InvalidRequest) && d.backlog.sortOut(err, time.Now())
		d.notifyLocked()
		d.mu.Unlock()
		if d.ctx.Err() != nil { // given up
			return
		}
		if progress != before {
			attempts.progress()
		}
		if sorted || idle && (err.Kind == Unavailable || err.Kind == DeadlineExceeded) {
			continue
		}
		pause, final := attempts.after(err, time.Until(progress.Add(d.patience)))
		if final != nil {
			d.mu.Lock()
			d.failLocked(final)
			d.mu.Unlock()
			return
		}
		if !sleep(d.ctx, pause) {
			return
		}
	}
}

// begin waits for something to send, makes it ready for a new stream, and returns since when it waits for the service. More
// is false when all is done.
func (d *Depositor) begin() (since time.Time, more bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for !d.backlog.begin() {
		if d.backlog.closing {
			return time.Time{}, false
		}
		d.waitLocked(context.Background())
	}
	return d.backlog.progress, true
}

// exchange sends what is gathered on a new stream, and returns why that has ended.
func (d *Depositor) exchange(connect time.Time) *Error {
	conn, err := d.results.streams.take()
	if err != nil {
		return err
	}
	defer conn.leave()
	if err := conn.reachUntil(d.ctx, connect); err != nil {
		return err
	}
	limit := min(acknowledgeTime, d.patience)
	ctx, cancel := context.WithCancelCause(d.ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(limit, func() { cancel(errSilent) })
	defer watchdog.Stop()
	tracked, sent := tracked(ctx)
	stream, failure := pb.NewResultsServiceClient(conn).DepositStream(tracked)
	if failure == nil {
		failure = d.carry(stream, watchdog, limit)
	}
	if wrong, ok := failure.(*Error); ok {
		return wrong
	}
	switch {
	case failure == io.EOF:
		err = unavailable("the service ended the stream before it had acknowledged all works")
		err.OutcomeUnknown = true
	case context.Cause(ctx) == errSilent:
		err = silent("DepositStream", d.results.target, limit)
		err.OutcomeUnknown = sent.Load()
	default:
		err = failed(failure, attempted{method: "DepositStream", target: d.results.target, sent: sent.Load(), ctx: d.ctx})
		conn.noteFailure(err)
	}
	return err
}

// carry sends requests and receives their acknowledgements, until the stream ends. It returns how it has ended, or as an
// *Error what is wrong with an acknowledgement.
func (d *Depositor) carry(
	stream grpc.BidiStreamingClient[pb.DepositStreamRequest, pb.DepositStreamResponse], watchdog *time.Timer, limit time.Duration,
) error {
	received := make(chan error, 1)
	go func() {
		for {
			answer, failure := stream.Recv()
			if failure != nil {
				received <- failure
				return
			}
			if err := d.acknowledge(answer, watchdog, limit); err != nil {
				received <- err
				return
			}
		}
	}()
	halfClosed := false
	for {
		d.mu.Lock()
		changed, wait := d.changed, d.backlog.wait(time.Now())
		var next *bundle
		if wait == 0 {
			next = d.backlog.take()
			if len(d.backlog.inFlight) == 1 {
				watchdog.Reset(limit)
			}
		}
		done := d.backlog.closing && d.backlog.idle()
		d.mu.Unlock()
		if next != nil {
			if stream.Send(next.message()) != nil { // the receiver is told why
				return <-received
			}
			continue
		}
		if done && !halfClosed {
			halfClosed = true
			watchdog.Reset(limit)
			_ = stream.CloseSend() // always nil, as gRPC documents
		}
		timer := time.NewTimer(wait)
		select {
		case <-changed:
		case <-timer.C:
		case failure := <-received:
			timer.Stop()
			return failure
		}
		timer.Stop()
	}
}

// acknowledge notes what the service says about a request.
func (d *Depositor) acknowledge(answer *pb.DepositStreamResponse, watchdog *time.Timer, limit time.Duration) *Error {
	d.mu.Lock()
	defer d.mu.Unlock()
	err := d.backlog.acknowledge(answer, time.Now())
	if len(d.backlog.inFlight) > 0 {
		watchdog.Reset(limit)
	} else {
		watchdog.Stop()
	}
	d.notifyLocked()
	return err
}
