package workflowresults

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

// refusal returns an error of the service, or of whoever has the domain.
func refusal(t *testing.T, code codes.Code, domain, reason string, metadata map[string]string) error {
	t.Helper()
	made, err := status.New(code, "query.$where: no").WithDetails(
		&errdetails.ErrorInfo{Domain: domain, Reason: reason, Metadata: metadata},
		&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: "query.$where"}}},
		&errdetails.RetryInfo{RetryDelay: durationpb.New(time.Hour)},
	)
	if err != nil {
		t.Fatal(err)
	}
	return made.Err()
}

func TestWhatTheServiceSays(t *testing.T) {
	call := attempted{method: "Lock", target: "here:1", sent: true, ctx: context.Background()}
	err := failed(refusal(t, codes.InvalidArgument, domain, "INVALID_QUERY", map[string]string{"call_id": "c"}), call)
	wanted := &Error{
		Kind: InvalidRequest, Code: codes.InvalidArgument, Reason: "INVALID_QUERY", Message: "query.$where: no",
		Fields: []string{"query.$where"}, CallID: "c", RetryDelay: longestRetry,
	}
	if !reflect.DeepEqual(err, wanted) {
		t.Errorf("%+v", err)
	}
	err = failed(refusal(t, codes.Unavailable, "a.proxy", "BUSY", nil), call)
	if err.Reason != "" || err.Fields != nil || err.RetryDelay != 0 || err.Kind != Unavailable {
		t.Errorf("%+v", err)
	}
}

func TestOutcomeUnknown(t *testing.T) {
	notApplied := map[string]string{"outcome": "NOT_APPLIED"}
	for name, row := range map[string]struct {
		method  string
		err     error
		sent    bool
		unknown bool
	}{
		"a change":                       {"Lock", status.Error(codes.Unavailable, "gone"), true, true},
		"a change that was not sent":     {"Lock", status.Error(codes.Unavailable, "gone"), false, false},
		"a read":                         {"Count", status.Error(codes.Unavailable, "gone"), true, false},
		"a refused stream":               {"Lock", status.Error(codes.Unavailable, "RST_STREAM with error code: REFUSED_STREAM"), true, false},
		"a refusal":                      {"Lock", status.Error(codes.PermissionDenied, "no"), true, false},
		"not applied":                    {"Lock", refusal(t, codes.Unavailable, domain, "OVERLOADED", notApplied), true, false},
		"not applied, says someone else": {"Lock", refusal(t, codes.Unavailable, "proxy", "OVERLOADED", notApplied), true, true},
	} {
		err := failed(row.err, attempted{method: row.method, sent: row.sent, ctx: context.Background()})
		if err.OutcomeUnknown != row.unknown {
			t.Errorf("%s: %+v", name, err)
		}
	}
}

func TestKinds(t *testing.T) {
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	for name, row := range map[string]struct {
		ctx  context.Context
		code codes.Code
		text string
		kind Kind
	}{
		"canceled by the caller":         {canceled, codes.Canceled, "", Canceled},
		"canceled by the service":        {context.Background(), codes.Canceled, "", Unavailable},
		"broken off in a message":        {context.Background(), codes.Internal, "unexpected EOF", Unavailable},
		"ended by a proxy":               {context.Background(), codes.Internal, "server closed the stream without sending trailers", Unavailable},
		"an internal error":              {context.Background(), codes.Internal, "a bug", Other},
		"a message over its limit":       {context.Background(), codes.ResourceExhausted, "", Other},
		"a method that is not there":     {context.Background(), codes.Unimplemented, "", Other},
		"a condition that is not met":    {context.Background(), codes.FailedPrecondition, "", InvalidRequest},
		"an answer that came too late":   {context.Background(), codes.DeadlineExceeded, "", DeadlineExceeded},
		"a caller that nobody knows":     {context.Background(), codes.Unauthenticated, "", Unauthenticated},
		"a caller that must not do this": {context.Background(), codes.PermissionDenied, "", PermissionDenied},
	} {
		var err error = failed(status.Error(row.code, row.text), attempted{method: "View", target: "here:1", ctx: row.ctx})
		if !errors.Is(err, row.kind) {
			t.Errorf("%s: %+v", name, err)
		}
		if errors.Is(err, context.Canceled) != (row.kind == Canceled) {
			t.Errorf("%s: context.Canceled", name)
		}
		if errors.Is(err, context.DeadlineExceeded) != (row.kind == DeadlineExceeded) {
			t.Errorf("%s: context.DeadlineExceeded", name)
		}
	}
}
