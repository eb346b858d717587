package workflowresults

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/chimefrb/workflow-results/client/go/workflowresults/v1"
)

func batch(t *testing.T, token string, ids ...string) *pb.ResultPart {
	t.Helper()
	var data []byte
	for _, id := range ids {
		data = append(data, marshaled(t, bson.D{{Key: "id", Value: id}})...)
	}
	return &pb.ResultPart{Batch: &pb.ResultBatch{Results: &pb.EncodedDocuments{Bson: data}, ResumeToken: []byte(token)}}
}

func summed(part *pb.ResultPart, count int64) *pb.ResultPart {
	part.Summary = &pb.ReadSummary{Count: count}
	return part
}

func TestAReadGoesOn(t *testing.T) {
	state := reading{resumes: true}
	state.begin()
	first, err := state.take(batch(t, "t1", "c", "b"))
	if err != nil || len(first) != 2 || string(state.token) != "t1" || state.complete {
		t.Fatalf("%v, %v, %+v", first, err, state)
	}
	state.begin()
	last, err := state.take(summed(batch(t, "t2", "a"), 1))
	if err != nil || len(last) != 1 || !state.complete {
		t.Fatalf("%v, %v, %+v", last, err, state)
	}
}

func TestAReadThatLosesResults(t *testing.T) {
	state := reading{what: "View", resumes: true}
	if _, err := state.take(summed(batch(t, "t", "a"), 2)); err == nil || err.Kind != Other {
		t.Error(err)
	}
}

func TestATopBeginsAnew(t *testing.T) {
	state := reading{}
	state.begin()
	if handed, err := state.take(batch(t, "", "c")); handed != nil || err != nil {
		t.Fatal(handed, err)
	}
	state.begin()
	if handed, err := state.take(batch(t, "", "b")); handed != nil || err != nil {
		t.Fatal(handed, err)
	}
	handed, err := state.take(summed(&pb.ResultPart{}, 1))
	if err != nil || len(handed) != 1 {
		t.Error(handed, err)
	}
}

func TestIdsAreAskedForInTheOrderOfTheResults(t *testing.T) {
	ids := []string{"b", "a", "c", "b"}
	if named := idRequests(ids); len(named) != 1 || len(named[0]) != 3 || named[0][0] != "c" || ids[0] != "b" {
		t.Error(named)
	}
	many := make([]string, 10_001)
	for position := range many {
		many[position] = string(rune('a'+position%26)) + string(rune('0'+position/26))
	}
	if named := idRequests(many); len(named) != 2 || named[0][9_999] <= named[1][0] {
		t.Error(len(named))
	}
	if named := idRequests(nil); len(named) != 1 || len(named[0]) != 0 {
		t.Error(named)
	}
}

func TestTokensOfChanges(t *testing.T) {
	state := watching{what: "Watch", token: []byte("t0")}
	index := int32(0)
	event := &pb.WatchEvent{Kind: pb.ChangeKind_CHANGE_KIND_UPDATED, Id: "a", ResultIndex: &index}
	results := &pb.EncodedDocuments{Bson: marshaled(t, bson.D{{Key: "_id", Value: "a"}, {Key: "id", Value: "a"}})}
	for number, row := range []struct {
		response *pb.WatchResponse
		tokens   []string
		behind   string
	}{
		{&pb.WatchResponse{ResumeToken: []byte("t1")}, nil, "t1"},
		{&pb.WatchResponse{Events: []*pb.WatchEvent{event, event}, Results: results}, []string{"t1", "t1"}, "t1"},
		{&pb.WatchResponse{Events: []*pb.WatchEvent{event, event}, Results: results, ResumeToken: []byte("t2")}, []string{"t1", "t2"}, "t2"},
		{&pb.WatchResponse{ResumeToken: []byte("t3"), SnapshotComplete: true}, []string{"t3"}, "t3"},
		{&pb.WatchResponse{}, nil, "t3"},
	} {
		taken, err := state.take(row.response)
		if err != nil || string(taken.token) != row.behind || len(taken.changes) != len(row.tokens) {
			t.Fatal(number, taken, err)
		}
		for position, each := range taken.changes {
			change := each.change()
			if string(change.ResumeToken) != row.tokens[position] || each.event != nil && change.Result.String() != `{"id": "a"}` {
				t.Errorf("%d, %d: %+v", number, position, change)
			}
		}
	}
	for _, broken := range []*pb.WatchResponse{
		{Events: []*pb.WatchEvent{{Kind: 99}}},
		{Events: []*pb.WatchEvent{event}},
	} {
		if _, err := state.take(broken); err == nil || err.Kind != Other {
			t.Error(broken, err)
		}
	}
}

func TestAReadEndsWithItsContext(t *testing.T) {
	fake := &service{view: func(_ int, stream grpc.ServerStreamingServer[pb.ViewResponse]) error {
		return stream.Send(&pb.ViewResponse{Part: summed(batch(t, "t", "c", "b", "a"), 3)})
	}}
	ctx, cancel := context.WithCancel(within10s(t))
	results, err := Collect(func(yield func(bson.Raw, error) bool) {
		for result, err := range fake.serve(t).View(ctx, "p", nil, nil) {
			cancel()
			if !yield(result, err) {
				return
			}
		}
	})
	if len(results) != 1 || !errors.Is(err, context.Canceled) {
		t.Error(results, err)
	}
}

// received calls receive with a limit for its silence.
func received(t *testing.T, results *Results, silence time.Duration, hand func(*pb.ViewResponse) (bool, *Error)) *Error {
	limits := limits{time.Now().Add(time.Minute), silence}
	return receive(within10s(t), results, "View", pb.ResultsServiceClient.View, &pb.ViewRequest{}, limits, hand)
}

func TestSilence(t *testing.T) {
	const silence = 800 * time.Millisecond
	fake := &service{view: func(number int, stream grpc.ServerStreamingServer[pb.ViewResponse]) error {
		for range number { // slow, but not silent
			time.Sleep(silence / 2)
			if err := stream.Send(&pb.ViewResponse{}); err != nil {
				return err
			}
		}
		if number < 3 {
			<-stream.Context().Done()
		}
		return nil
	}}
	results := fake.serve(t)
	fake.calls.Store(-1)
	for range 3 {
		err := received(t, results, silence, func(*pb.ViewResponse) (bool, *Error) { return true, nil })
		if !errors.Is(err, errSilent) || err.Kind != DeadlineExceeded {
			t.Error(err)
		}
	}
	count := 0
	err := received(t, results, silence, func(*pb.ViewResponse) (bool, *Error) {
		count++
		time.Sleep(2 * silence) // which is not the silence of the service
		return true, nil
	})
	if err != nil || count != 3 {
		t.Error(count, err)
	}
}

func TestTheTimeOfTheUserIsNoTimeWithoutProgress(t *testing.T) {
	const patience = time.Second
	fake := &service{view: func(number int, stream grpc.ServerStreamingServer[pb.ViewResponse]) error {
		if number > 1 {
			return stream.Send(&pb.ViewResponse{Part: summed(&pb.ResultPart{}, 0)})
		}
		if err := stream.Send(&pb.ViewResponse{Part: batch(t, "t", "a")}); err != nil {
			return err
		}
		return gone()
	}}
	for _, err := range fake.serve(t, WithTimeout(patience)).View(within10s(t), "p", nil, nil) {
		if err != nil {
			t.Error(err)
		}
		time.Sleep(2 * patience)
	}
}

func TestAWatchGoesOnAfterEachBreak(t *testing.T) {
	const patience = time.Second
	fake := &service{watch: func(number int, stream grpc.ServerStreamingServer[pb.WatchResponse]) error {
		response := &pb.WatchResponse{ResumeToken: []byte("t")}
		if number == 3 {
			response.SnapshotComplete = true
		}
		if err := stream.Send(response); err != nil {
			return err
		}
		if number == 2 {
			time.Sleep(2 * patience)
		}
		return gone()
	}}
	watch, err := fake.serve(t, WithTimeout(patience)).Watch(within10s(t), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer watch.Close()
	if change, err := watch.Next(within10s(t)); err != nil || change.Kind != ChangeSnapshotComplete {
		t.Error(change, err)
	}
}

func TestAWatchThatIsSilentGoesOn(t *testing.T) {
	fake := &service{watch: func(number int, stream grpc.ServerStreamingServer[pb.WatchResponse]) error {
		if number > 1 {
			return status.Error(codes.FailedPrecondition, "it is asked again")
		}
		<-stream.Context().Done()
		return nil
	}}
	request := func([]byte) *pb.WatchRequest { return &pb.WatchRequest{} }
	state := &watching{request: request, silence: 100 * time.Millisecond, attempts: attempts{policy: idempotent}}
	if err := new(Watch).follow(within10s(t), fake.serve(t), state, nil); err.Kind != InvalidRequest {
		t.Error(err)
	}
}

func TestTheTokenOfAWatchIsThatOfWhatWasHandedOn(t *testing.T) {
	watch := &Watch{responses: make(chan watched, 2), token: []byte("t0")}
	watch.responses <- watched{changes: []arrived{{token: []byte("t1")}, {token: []byte("t2")}}, token: []byte("t2")}
	watch.responses <- watched{token: []byte("t3")}
	for _, wanted := range []string{"t1", "t2"} {
		change, err := watch.Next(within10s(t))
		if err != nil || string(change.ResumeToken) != wanted || string(watch.ResumeToken()) != wanted {
			t.Errorf("%s in the place of %s: %v", watch.ResumeToken(), wanted, err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := watch.Next(ctx); !errors.Is(err, DeadlineExceeded) || string(watch.ResumeToken()) != "t3" {
		t.Errorf("%s: %v", watch.ResumeToken(), err)
	}
}

func TestTheTokenOfAWatchIsNotAheadOfItsChanges(t *testing.T) {
	fake := &service{watch: func(_ int, stream grpc.ServerStreamingServer[pb.WatchResponse]) error {
		if err := stream.Send(&pb.WatchResponse{ResumeToken: []byte("t1"), SnapshotComplete: true}); err != nil {
			return err
		}
		<-stream.Context().Done()
		return nil
	}}
	watch, err := fake.serve(t).Watch(within10s(t), nil, &WatchOptions{ResumeToken: []byte("t0")})
	if err != nil {
		t.Fatal(err)
	}
	defer watch.Close()
	if token := watch.ResumeToken(); string(token) != "t0" {
		t.Errorf("%s", token)
	}
}

func TestALoopThatIsLeftEndsItsCall(t *testing.T) {
	ended := make(chan struct{})
	fake := &service{view: func(_ int, stream grpc.ServerStreamingServer[pb.ViewResponse]) error {
		defer close(ended)
		if err := stream.Send(&pb.ViewResponse{Part: batch(t, "t", "a")}); err != nil {
			return err
		}
		<-stream.Context().Done()
		return nil
	}}
	for _, err := range fake.serve(t).View(context.Background(), "p", nil, nil) {
		if err != nil {
			t.Error(err)
		}
		break
	}
	if !within(within10s(t), ended) {
		t.Error("the call goes on")
	}
}
