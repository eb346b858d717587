package workflowresults

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/chimefrb/workflow-results/client/go/workflowresults/v1"
)

func sized(pipeline, id string, size int) work {
	return work{raw: make(bson.Raw, size), pipeline: pipeline, id: id}
}

func TestRequestsOfAGoodSize(t *testing.T) {
	works := []work{sized("p", "a", mib/2), sized("p", "b", mib/2), sized("p", "c", 2*mib), sized("p", "d", 1)}
	var ends []int
	for _, end := range divided(works) {
		ends = append(ends, end)
	}
	if fmt.Sprint(ends) != "[2 3 4]" {
		t.Error(ends)
	}
	for start, end := range divided(slices.Repeat(works[3:], requestWorks+1)) {
		if end-start > requestWorks {
			t.Error("too many works in a request:", end-start)
		}
	}
	if inFlight(works) != requestsInFlight || inFlight(append(works, works[0])) != 1 {
		t.Error("requests with the same id may overtake each other")
	}
}

func TestReceipts(t *testing.T) {
	works := []work{sized("p", "a", 1), sized("p", "b", 1)}
	outcomes := []pb.DepositOutcome{pb.DepositOutcome_DEPOSIT_OUTCOME_CONFLICT, pb.DepositOutcome_DEPOSIT_OUTCOME_REJECTED}
	rejections := []*pb.Rejection{{Index: 1, Reason: 99, Message: "no"}, {Index: 7}}
	made, err := receipts(works, outcomes, rejections)
	if err != nil || made[0].Reason != conflict || made[1].Reason != "REJECTED: no" || made[1].ID != "b" {
		t.Error(made, err)
	}
	for _, broken := range [][]pb.DepositOutcome{nil, outcomes[:1], append(outcomes, outcomes[0]), {0, 1}, {1, 99}} {
		if _, err := receipts(works, broken, nil); err == nil || !err.OutcomeUnknown {
			t.Error(broken, err)
		}
	}
}

func TestWorksThatDoNotFitIntoARequest(t *testing.T) {
	large := sized("p", "a", messageBytes)
	if receipt, is := oversized(large); !is || receipt.Outcome != Rejected || receipt.ID != "a" {
		t.Error(receipt)
	}
	made, _ := laden()
	pending := &Pending{done: make(chan struct{}), depositor: &Depositor{}}
	if begins := made.add(large, pending, time.Now()); begins || !made.idle() {
		t.Error("it is sent")
	}
	if receipt, err := pending.Receipt(within10s(t)); err != nil || receipt.Outcome != Rejected {
		t.Error(receipt, err)
	}
}

// laden returns a backlog with works, each in a request of its own, all of them in flight.
func laden(works ...work) (*backlog, []*Pending) {
	made, now := &backlog{unseen: map[*Pending]bool{}}, time.Now()
	var pendings []*Pending
	for _, each := range works {
		pending := &Pending{done: make(chan struct{}), depositor: &Depositor{}}
		pendings = append(pendings, pending)
		made.add(each, pending, now)
		made.take()
	}
	return made, pendings
}

func acknowledgement(sequence uint64, outcomes ...pb.DepositOutcome) *pb.DepositStreamResponse {
	return &pb.DepositStreamResponse{Sequence: sequence, Outcomes: outcomes}
}

func TestWorksAreGatheredWhileOthersAreUnderWay(t *testing.T) {
	now := time.Now()
	made, _ := laden(sized("p", "a", 1))
	if made.wait(now) != forever {
		t.Error("there is nothing to send")
	}
	made.add(sized("p", "b", 1), &Pending{}, now)
	if wait := made.wait(now); wait != gatherTime {
		t.Error(wait)
	}
	if made.add(sized("p", "c", bundleBytes), &Pending{}, now); made.wait(now) != 0 || len(made.gathered) != 2 {
		t.Error("a full request waits")
	}
	if !(&bundle{works: make([]work, bundleWorks)}).full(0) {
		t.Error("a request takes any number of works")
	}
	for range bundlesInFlight - 1 {
		made.gathered = append(made.gathered, &bundle{works: make([]work, bundleWorks)})
		made.take()
	}
	if made.wait(now) != forever {
		t.Error("too many requests are in flight")
	}
}

func TestUnacknowledgedWorksAreSentAgainInTheirOrder(t *testing.T) {
	made, pendings := laden(sized("p", "a", 1), sized("p", "b", 1), sized("p", "c", 1))
	if err := made.acknowledge(acknowledgement(1, pb.DepositOutcome_DEPOSIT_OUTCOME_DEPOSITED), time.Now()); err != nil {
		t.Fatal(err)
	}
	if receipt, err := pendings[0].Receipt(context.Background()); err != nil || !receipt.Stored() {
		t.Error(receipt, err)
	}
	if made.bytes != 2 {
		t.Error("what is acknowledged takes room:", made.bytes)
	}
	made.add(sized("p", "d", 1), &Pending{}, time.Now())
	if !made.begin() {
		t.Fatal("nothing is sent again")
	}
	for _, id := range []string{"b", "c", "d"} {
		if next := made.take(); next.works[0].id != id {
			t.Errorf("%s is sent in the place of %s", next.works[0].id, id)
		}
	}
	if err := made.acknowledge(acknowledgement(3, 1), time.Now()); err == nil || !err.OutcomeUnknown {
		t.Error("another request was acknowledged:", err)
	}
}

func TestOnlyDeniedWorksFail(t *testing.T) {
	denied := &Error{Kind: PermissionDenied, Reason: reasonPipeline, Message: "no"}
	made, _ := laden(sized("p", "a", 1), sized("q", "b", 1))
	if !made.sortOut(denied, time.Now()) || !made.begin() || !made.gathered[0].alone {
		t.Fatal("they are not sent one by one")
	}
	if made.take(); made.wait(time.Now()) != forever {
		t.Error("another one is sent meanwhile")
	}
	made, pendings := laden(sized("p", "a", 1))
	made.inFlight[0].add(sized("q", "b", 1), pendings[0])
	if !made.sortOut(denied, time.Now()) || len(made.inFlight) != 2 {
		t.Fatal("they are not divided")
	}
	made, pendings = laden(sized("q", "b", 1))
	if !made.sortOut(denied, time.Now()) || len(made.inFlight) != 0 {
		t.Fatal("it is not given up")
	}
	if err := made.verdict(); err == nil || err.Kind != PermissionDenied || len(err.Receipts) != 1 {
		t.Error(err)
	}
	if _, err := pendings[0].Receipt(context.Background()); !errors.Is(err, PermissionDenied) {
		t.Error(err)
	}
	if made, _ = laden(sized("p", "a", 1)); made.sortOut(&Error{Kind: PermissionDenied, Reason: reasonRole}, time.Now()) {
		t.Error("a caller that may not deposit at all is denied work by work")
	}
}

func TestNothingIsLostSilently(t *testing.T) {
	made, pendings := laden(sized("p", "a", 1), sized("p", "b", 1))
	if err := made.acknowledge(acknowledgement(1, pb.DepositOutcome_DEPOSIT_OUTCOME_CONFLICT), time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := made.verdict(); err == nil || len(err.Receipts) != 1 || err.Receipts[0].ID != "a" {
		t.Error(err)
	}
	lost := unavailable("lost")
	lost.OutcomeUnknown = true
	made.interrupted(lost)
	made.fail(unavailable("gone"))
	err := made.verdict()
	if err == nil || len(err.Works) != 1 || !err.OutcomeUnknown || made.bytes != 0 {
		t.Error(err)
	}
	if _, problem := pendings[1].Receipt(context.Background()); !errors.Is(problem, Unavailable) {
		t.Error(problem)
	}
}

// threeRequests are works that take three requests.
func threeRequests() []any {
	data := make([]byte, requestBytes)
	return []any{bson.M{"id": "a", "data": data}, bson.M{"id": "b", "data": data}, bson.M{"id": "c", "data": data}}
}

func TestADepositEndsWithItsFirstFailure(t *testing.T) {
	fake := &service{deposit: func(number int, _ []bson.Raw, ctx context.Context) error {
		if number > 1 {
			<-ctx.Done()
			return ctx.Err()
		}
		return status.Error(codes.PermissionDenied, "no")
	}}
	ctx := within10s(t)
	_, failure := fake.serve(t).Deposit(ctx, threeRequests())
	var err *Error
	if ctx.Err() != nil || !errors.As(failure, &err) || err.Kind != PermissionDenied || len(err.Works) != 3 {
		t.Errorf("%+v", failure)
	}
}

func TestADepositOfWhichAPartIsStored(t *testing.T) {
	var others sync.WaitGroup
	others.Add(2)
	fake := &service{deposit: func(_ int, works []bson.Raw, _ context.Context) error {
		if works[0].Lookup("id").StringValue() != "b" {
			others.Done()
			return nil
		}
		others.Wait()
		time.Sleep(100 * time.Millisecond) // until their answers have arrived
		return status.Error(codes.PermissionDenied, "no")
	}}
	_, failure := fake.serve(t).Deposit(within10s(t), threeRequests())
	var err *Error
	if !errors.As(failure, &err) || err.Kind != PermissionDenied || !err.OutcomeUnknown {
		t.Errorf("%+v", failure)
	}
}

func TestADepositWithoutTimeHasNoReceipts(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	receipts, err := (&service{}).serve(t).Deposit(ctx, threeRequests())
	if receipts != nil || !errors.Is(err, context.Canceled) {
		t.Error(receipts, err)
	}
}
