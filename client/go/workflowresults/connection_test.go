package workflowresults

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	grpcresolver "google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
)

func TestATimeThatIsOverBeforeACall(t *testing.T) {
	results, err := New("localhost:1")
	if err != nil {
		t.Fatal(err)
	}
	defer results.Close()
	ctx, cancel := context.WithTimeout(context.Background(), -time.Second)
	defer cancel()
	_, count := results.Count(ctx, "p", nil)
	_, lock := results.Lock(ctx, "p", []string{"a"}, nil)
	_, view := Collect(results.View(ctx, "p", nil, nil))
	_, watch := results.Watch(ctx, nil, nil)
	for _, err := range []error{count, lock, view, watch} {
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	}
}

func TestLargeCounts(t *testing.T) {
	if count, err := (&service{}).serve(t).Count(within10s(t), "p", nil); count != largeCount || err != nil {
		t.Error(count, err)
	}
}

func TestWhatCannotBeSent(t *testing.T) {
	results := (&service{}).serve(t)
	_, text := results.Lock(within10s(t), "p", []string{"\xff"}, nil)
	_, size := results.Update(within10s(t), []any{map[string]string{"text": strings.Repeat("x", messageBytes)}}, nil)
	_, read := Collect(results.View(within10s(t), "\xff", nil, nil))
	for _, err := range []error{text, size, read} {
		var told *Error
		if !errors.As(err, &told) || told.Kind != InvalidRequest || told.OutcomeUnknown {
			t.Errorf("%+v", err)
		}
	}
}

func TestHostsThatCannotBeFound(t *testing.T) {
	lost := manual.NewBuilderWithScheme("lost")
	lost.InitialState(grpcresolver.State{}) // no addresses, which is what comes of a name that DNS does not know
	options := dialOptions("lost:///host", grpc.WithTransportCredentials(transport(nil)), "")
	conn, err := (&pool{target: "lost:///host", options: append(options, grpc.WithResolvers(lost))}).take()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	if err := conn.reach(ctx, false); err == nil || !strings.Contains(err.Message, "its name is not known") {
		t.Error(err)
	}
}

func TestAFurtherConnectionWhereOthersAreFull(t *testing.T) {
	connections := &pool{target: "localhost:1", options: dialOptions("localhost:1", grpc.WithTransportCredentials(transport(nil)), "")}
	defer connections.close()
	var taken []*connection
	for range 100 { // which a server takes on a connection, if it has forgotten all that have ended
		conn, err := connections.take()
		if err != nil {
			t.Fatal(err)
		}
		taken = append(taken, conn)
	}
	if taken[0] != taken[80] || taken[0] == taken[99] {
		t.Error("a connection has too many calls, or too few")
	}
	taken[0].leave()
	if conn, _ := connections.take(); conn != taken[0] {
		t.Error("the room in a connection is not used")
	}
}

func TestAClientThatIsClosed(t *testing.T) {
	results := (&service{}).serve(t)
	depositor := results.Depositor(nil)
	for range 2 {
		if err := results.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := results.streams.take(); err == nil {
		t.Error("a client that is closed connects again")
	}
	_, count := results.Count(within10s(t), "p", nil)
	_, view := Collect(results.View(within10s(t), "p", nil, nil))
	_, watch := results.Watch(within10s(t), nil, nil)
	_, deposit := given(t, depositor, aWork).Receipt(within10s(t))
	for _, err := range []error{count, view, watch, deposit} {
		if !errors.Is(err, Other) || err.Error() != closed().Message {
			t.Error(err)
		}
	}
}

func TestWhenTheServiceIsLookedFor(t *testing.T) {
	results, err := New("localhost:1")
	if err != nil {
		t.Fatal(err)
	}
	defer results.Close()
	conn := results.calls.first()
	reached := func(certainly bool) bool {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		return conn.reach(ctx, certainly) == nil
	}
	conn.reachable.Store(true)
	conn.noteFailure(&Error{Kind: Unavailable, Reason: "OVERLOADED"})
	if !reached(false) || reached(true) {
		t.Error("a service that answers is looked for without need, or not where it must be certain")
	}
	conn.noteFailure(unavailable("gone"))
	if reached(false) {
		t.Error("a service that is gone is not looked for")
	}
}

// stopping is the health service of a server that stops.
type stopping struct {
	grpc_health_v1.UnimplementedHealthServer
	err error
}

func (s stopping) Check(context.Context, *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	return nil, s.err
}

func TestAServiceThatStopsIsThere(t *testing.T) {
	fake := &service{health: stopping{err: refusal(t, codes.Unavailable, domain, "SERVER_STOPPING", nil)}}
	if count, err := fake.serve(t).Count(within10s(t), "p", nil); count != largeCount || err != nil {
		t.Error(count, err)
	}
}
