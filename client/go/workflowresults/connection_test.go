package workflowresults

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
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
