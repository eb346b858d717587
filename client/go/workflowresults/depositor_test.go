package workflowresults

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

var aWork = bson.D{{Key: "pipeline", Value: "p"}, {Key: "status", Value: "success"}}

func given(t *testing.T, depositor *Depositor, work any) *Pending {
	t.Helper()
	pending, err := depositor.Deposit(context.Background(), work)
	if err != nil {
		t.Fatal(err)
	}
	return pending
}

func TestADepositorMayBeUsedAtOnce(t *testing.T) {
	fake := &service{deposit: func(_ int, stream depositStream) error { return acknowledged(stream) }}
	depositor := fake.serve(t).Depositor(nil)
	if receipt, err := given(t, depositor, aWork).Receipt(within10s(t)); err != nil || !receipt.Stored() {
		t.Error(receipt, err)
	}
	if err := depositor.Close(within10s(t)); err != nil {
		t.Error(err)
	}
}

func TestATimeWithNothingToDoIsNoTimeWithoutProgress(t *testing.T) {
	fake := &service{deposit: func(number int, stream depositStream) error {
		if number > 1 {
			return acknowledged(stream)
		}
		request, err := stream.Recv()
		if err != nil {
			return err
		}
		if err := stream.Send(acknowledgement(request.GetSequence(), 1)); err != nil {
			return err
		}
		_, _ = stream.Recv()
		return status.Error(codes.Unavailable, "gone")
	}}
	const patience = 500 * time.Millisecond
	depositor := fake.serve(t).Depositor(&DepositorOptions{Timeout: patience})
	for range 2 {
		if receipt, err := given(t, depositor, aWork).Receipt(within10s(t)); err != nil || !receipt.Stored() {
			t.Error(receipt, err)
		}
		time.Sleep(patience)
	}
	if err := depositor.Close(within10s(t)); err != nil {
		t.Error(err)
	}
}

func TestADepositorIsClosedOnce(t *testing.T) {
	over, cancel := context.WithCancel(context.Background())
	cancel()
	fake := &service{deposit: func(_ int, stream depositStream) error {
		if err := acknowledged(stream); err != nil {
			return err
		}
		time.Sleep(time.Second) // all is acknowledged, so that nobody need wait for the end of the stream
		return nil
	}}
	results := fake.serve(t)
	depositor := results.Depositor(nil)
	pending := given(t, depositor, aWork)
	if _, err := pending.Receipt(within10s(t)); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if err := depositor.Close(over); err != nil {
			t.Fatal("all was stored:", err)
		}
		if _, err := pending.Receipt(over); err != nil {
			t.Fatal("the receipt is there:", err)
		}
	}
	if _, err := depositor.Deposit(context.Background(), aWork); err == nil {
		t.Error("a closed depositor takes works")
	}
}

func TestADepositorThatIsClosedTooEarlyTellsWhatIsLeft(t *testing.T) {
	fake := &service{deposit: func(_ int, stream depositStream) error {
		<-stream.Context().Done()
		return nil
	}}
	depositor := fake.serve(t).Depositor(nil)
	pending := given(t, depositor, aWork)
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	for range 2 {
		var err *Error
		if !errors.As(depositor.Close(ctx), &err) || err.Kind != DeadlineExceeded || len(err.Works) != 1 || !err.OutcomeUnknown {
			t.Errorf("%+v", err)
		}
	}
	if _, err := pending.Receipt(within10s(t)); !errors.Is(err, DeadlineExceeded) {
		t.Error(err)
	}
}

func TestTheBufferOfAWorkMayBeUsedAgain(t *testing.T) {
	depositor := (&service{deposit: func(int, depositStream) error { return status.Error(codes.Unimplemented, "no") }}).serve(t).Depositor(nil)
	raw := marshaled(t, append(bson.D{{Key: "id", Value: "a"}}, aWork...))
	before := slices.Clone(raw)
	given(t, depositor, raw)
	clear(raw)
	var err *Error
	if !errors.As(depositor.Close(within10s(t)), &err) || len(err.Works) != 1 || !bytes.Equal(err.Works[0], before) {
		t.Errorf("%+v", err)
	}
}
