package workflowresults

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"

	"google.golang.org/grpc/codes"

	pb "github.com/chimefrb/workflow-results/client/go/workflowresults/v1"
)

const (
	pendingBytes    = 16 * mib // how much may wait for its receipt
	bundleBytes     = mib / 2
	bundleWorks     = 1_000
	bundlesInFlight = 8
	gatherTime      = 10 * time.Millisecond // how long works are gathered while others are under way
	acknowledgeTime = 10 * time.Second      // after which a stream without an acknowledgement is replaced
	reasonRole      = "ROLE"
	reasonPipeline  = "PIPELINE"
)

// inRequest is the position of a work in a request, which means nothing to who deposits works one by one.
var inRequest = regexp.MustCompile(`works\[\d+\](?:\.|: )`)

// bundle is a request of a depositor: the works that go together, and who waits for their receipts.
type bundle struct {
	sequence uint64
	works    []work
	pendings []*Pending
	size     int
	began    time.Time
	alone    bool // only on its way when no other is
	unknown  bool // a stream that broke may have carried it
}

// full returns whether it takes no work of so many bytes any more.
func (b *bundle) full(more int) bool {
	return b.alone || len(b.works) >= bundleWorks || len(b.works) > 0 && b.size+more > bundleBytes
}

func (b *bundle) add(work work, pending *Pending) {
	b.works, b.pendings = append(b.works, work), append(b.pendings, pending)
	b.size += len(work.raw)
}

func (b *bundle) message() *pb.DepositStreamRequest {
	return &pb.DepositStreamRequest{Sequence: b.sequence, Works: joined(b.works)}
}

// parts divides it into requests whose works are all allowed or all denied, with those of each pipeline in their order.
func (b *bundle) parts() []*bundle {
	var parts []*bundle
	last := map[string]*bundle{}
	for position, work := range b.works {
		part := last[work.pipeline]
		if part == nil || isLocked(part.works[0]) != isLocked(work) {
			part = &bundle{sequence: b.sequence, began: b.began, alone: true, unknown: b.unknown}
			parts = append(parts, part)
			last[work.pipeline] = part
		}
		part.add(work, b.pendings[position])
	}
	return parts
}

// isLocked returns whether a work is locked already, which not all callers may deposit.
func isLocked(work work) bool {
	locked, _ := work.raw.Lookup("results", "locked").BooleanOK()
	return locked
}

// backlog has the works of a depositor that are not acknowledged yet. It neither waits nor looks at a clock.
type backlog struct {
	gathered []*bundle // to be sent
	inFlight []*bundle // sent, and not acknowledged
	bytes    int
	sequence uint64
	given    int
	progress time.Time // when the service last acknowledged anything, or was given something after a pause
	closing  bool
	failure  *Error
	unseen   map[*Pending]bool // of works that were not stored, and nobody has asked for the receipt
}

// add takes on a work, and returns whether it begins a request.
func (b *backlog) add(work work, pending *Pending, now time.Time) bool {
	b.given++
	pending.number = b.given
	if receipt, is := oversized(work); is {
		b.judge(pending, receipt, nil)
		return false
	}
	if b.idle() {
		b.progress = now
	}
	begins := len(b.gathered) == 0 || b.gathered[len(b.gathered)-1].full(len(work.raw))
	if begins {
		b.sequence++
		b.gathered = append(b.gathered, &bundle{sequence: b.sequence, began: now})
	}
	b.gathered[len(b.gathered)-1].add(work, pending)
	b.bytes += len(work.raw)
	return begins
}

// idle returns whether everything is acknowledged.
func (b *backlog) idle() bool { return len(b.gathered) == 0 && len(b.inFlight) == 0 }

// begin makes all that is not acknowledged ready for a new stream, and returns whether there is anything.
func (b *backlog) begin() bool {
	b.gathered = append(b.inFlight, b.gathered...)
	b.inFlight = nil
	return len(b.gathered) > 0
}

// wait returns how long to wait before the next request is sent; forever: until something changes.
func (b *backlog) wait(now time.Time) time.Duration {
	if len(b.gathered) == 0 {
		return forever
	}
	if len(b.inFlight) == 0 {
		return 0
	}
	first := b.gathered[0]
	switch {
	case first.alone || b.inFlight[0].alone || len(b.inFlight) == bundlesInFlight:
		return forever
	case len(b.gathered) > 1 || first.full(0):
		return 0
	}
	return max(0, first.began.Add(gatherTime).Sub(now))
}

// take takes off the request that is to be sent next.
func (b *backlog) take() *bundle {
	first := b.gathered[0]
	b.gathered = b.gathered[1:]
	b.inFlight = append(b.inFlight, first)
	return first
}

// acknowledge gives the first request in flight what the service says about its works.
func (b *backlog) acknowledge(answer *pb.DepositStreamResponse, now time.Time) *Error {
	if b.failure != nil { // they already have that error
		return nil
	}
	if len(b.inFlight) == 0 || b.inFlight[0].sequence != answer.GetSequence() {
		err := other("the service acknowledged request %d, which is not the next one", answer.GetSequence())
		err.OutcomeUnknown = true
		return err
	}
	first := b.inFlight[0]
	receipts, err := receipts(first.works, answer.GetOutcomes(), answer.GetRejections())
	if err != nil {
		return err
	}
	for position, receipt := range receipts {
		b.judge(first.pendings[position], receipt, nil)
	}
	b.settled(now)
	return nil
}

// settled takes off the first request in flight.
func (b *backlog) settled(now time.Time) {
	b.bytes -= b.inFlight[0].size
	b.inFlight = b.inFlight[1:]
	b.progress = now
}

func (b *backlog) judge(pending *Pending, receipt Receipt, err *Error) {
	if !receipt.Stored() {
		b.unseen[pending] = true
	}
	pending.become(receipt, err)
}

// interrupted notes that a stream has failed with which some requests were under way.
func (b *backlog) interrupted(err *Error) {
	for _, each := range b.inFlight {
		each.unknown = each.unknown || err.OutcomeUnknown
	}
}

// sortOut makes the works fail that the service refuses, and has the others sent again; it returns whether they can be told
// apart. One work refuses its whole request, and acknowledgements may be lost behind the error, so that only a request that
// is alone on its way is known to be the one.
func (b *backlog) sortOut(err *Error, now time.Time) bool {
	culprit := err.Reason == reasonPipeline || err.Kind == InvalidRequest
	if err.Reason == reasonRole {
		for _, each := range b.inFlight {
			for _, work := range each.works {
				culprit = culprit || isLocked(work)
			}
		}
	}
	if !culprit || len(b.inFlight) == 0 {
		return false
	}
	b.progress = now
	if len(b.inFlight) > 1 {
		for _, each := range b.inFlight {
			each.alone, each.unknown = true, true
		}
		return true
	}
	first := b.inFlight[0]
	if parts := first.parts(); len(parts) > 1 {
		b.inFlight = parts
		return true
	}
	for position, work := range first.works {
		alone := *err
		alone.Message = fmt.Sprintf("%s %q: %s", work.pipeline, work.id, inRequest.ReplaceAllString(err.Message, ""))
		alone.Works, alone.OutcomeUnknown = raws(first.works[position:position+1]), first.unknown
		receipt := Receipt{Pipeline: work.pipeline, ID: work.id, Outcome: Rejected, Reason: err.Reason + ": " + alone.Message}
		b.judge(first.pendings[position], receipt, &alone)
	}
	b.settled(now)
	return true
}

// fail gives up what is not acknowledged.
func (b *backlog) fail(err *Error) {
	b.closing = true
	if b.failure != nil {
		return
	}
	b.begin()
	for _, each := range b.gathered {
		err.Works = append(err.Works, raws(each.works)...)
		err.OutcomeUnknown = err.OutcomeUnknown || each.unknown
	}
	b.failure = err
	for _, each := range b.gathered {
		for _, pending := range each.pendings {
			pending.become(Receipt{}, err)
		}
	}
	b.gathered, b.bytes = nil, 0
}

// verdict returns the error with which a depositor ends, if there is one.
func (b *backlog) verdict() *Error {
	if b.failure != nil {
		return b.failure
	}
	if len(b.unseen) == 0 {
		return nil
	}
	const named = 5
	err := other("%d of %d works were not stored", len(b.unseen), b.given)
	err.Kind, err.Code = InvalidRequest, codes.InvalidArgument
	inOrder := func(a, b *Pending) int { return a.number - b.number }
	for _, pending := range slices.SortedFunc(maps.Keys(b.unseen), inOrder) {
		if pending.err != nil && pending.err.Kind == PermissionDenied {
			err.Kind, err.Code, err.Reason = PermissionDenied, codes.PermissionDenied, pending.err.Reason
		}
		err.Receipts = append(err.Receipts, pending.receipt)
	}
	for _, each := range err.Receipts[:min(named, len(err.Receipts))] {
		err.Message += "; " + each.String()
	}
	return err
}
