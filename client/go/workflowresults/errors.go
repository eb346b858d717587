package workflowresults

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Kind is what sort of failure an [Error] is. It is an error itself, so that errors.Is(err, workflowresults.Unavailable)
// tells whether err is, or wraps, an Error of this kind.
type Kind string

// The kinds of errors.
const (
	// InvalidRequest: the request breaks a rule; the message names the field and says what would be right.
	InvalidRequest Kind = "invalid request"
	// Unauthenticated: the token or the certificate is missing, wrong or expired.
	Unauthenticated Kind = "unauthenticated"
	// PermissionDenied: the token or the certificate does not allow this.
	PermissionDenied Kind = "permission denied"
	// Unavailable: the service can't be reached, or can't work at the moment.
	Unavailable Kind = "unavailable"
	// DeadlineExceeded: the call took longer than its time, or than the server's limit for a call. Such an error is also
	// context.DeadlineExceeded.
	DeadlineExceeded Kind = "deadline exceeded"
	// Canceled: the caller has canceled the context of the call. Such an error is also context.Canceled.
	Canceled Kind = "canceled"
	// Other: any other failure.
	Other Kind = "other"
)

// Error returns the name of the kind.
func (k Kind) Error() string { return string(k) }

// Error is the type of every error of this package; errors.As finds it.
type Error struct {
	// Kind is what sort of failure it is.
	Kind Kind
	// Code is the status of gRPC. It is InvalidArgument for what the client refuses before it sends anything.
	Code codes.Code
	// Reason is the name of the ErrorReason in the proto without its prefix, "OVERLOADED" for example. It is empty where
	// the error is not from the service, but from the client, a proxy or the connection.
	Reason string
	// Message says what is wrong and, if known, what would be right.
	Message string
	// Fields are the paths of the fields at fault, such as "query.$where".
	Fields []string
	// CallID is the id of the call in the server's log; empty if no server was involved.
	CallID string
	// RetryDelay is how long the server asks to wait before a repetition; 0 if it does not ask.
	RetryDelay time.Duration
	// OutcomeUnknown is true if the call, or an earlier attempt at it, may have changed something.
	OutcomeUnknown bool
	// Works are those of a deposit that failed, with the ids that they got: to deposit these again is safe.
	Works []bson.Raw
	// Receipts are those of works that were not stored, where a depositor is closed and nobody has asked for them.
	Receipts []Receipt

	cause error
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// Unwrap returns what has caused the error, if that is known.
func (e *Error) Unwrap() error { return e.cause }

// Is tells whether target is the kind of the error, or the error of package context with the same meaning.
func (e *Error) Is(target error) bool {
	switch target {
	case context.Canceled:
		return e.Kind == Canceled
	case context.DeadlineExceeded:
		return e.Kind == DeadlineExceeded
	}
	kind, ok := target.(Kind)
	return ok && kind == e.Kind
}

const (
	domain       = "workflow-results"
	longestRetry = time.Minute // however long a server asks for
)

var kinds = map[codes.Code]Kind{
	codes.InvalidArgument:    InvalidRequest,
	codes.FailedPrecondition: InvalidRequest,
	codes.Unauthenticated:    Unauthenticated,
	codes.PermissionDenied:   PermissionDenied,
	codes.Unavailable:        Unavailable,
	codes.Canceled:           Unavailable, // by a server that ends, unless the caller has canceled the call
	codes.DeadlineExceeded:   DeadlineExceeded,
}

// refusals are the codes after which nothing was changed. After others, those of proxies too, a change may have been made.
var refusals = map[codes.Code]bool{
	codes.InvalidArgument:    true,
	codes.FailedPrecondition: true,
	codes.Unauthenticated:    true,
	codes.PermissionDenied:   true,
	codes.Unimplemented:      true,
	codes.ResourceExhausted:  true,
}

var changing = map[string]bool{
	"Deposit": true, "DepositStream": true, "Update": true, "DeleteIds": true, "Lock": true, "Unlock": true,
	"CreateIndex": true, "DropIndex": true, "DropPipeline": true,
}

// attempted is a call that has failed, as far as its error depends on it.
type attempted struct {
	method, target string
	// sent tells whether a message has left the client.
	sent bool
	// ctx is that of the caller: it tells who has canceled the call.
	ctx context.Context
}

// torn is how gRPC tells, with the status INTERNAL, of a connection or a stream that broke in the middle of a message, or
// was ended by a proxy.
var torn = regexp.MustCompile(`unexpected EOF|RST_STREAM|without sending trailers`)

// unsendable is how gRPC refuses a request before it sends it.
var unsendable = regexp.MustCompile(`^(grpc: error while marshaling|trying to send message larger than max)`)

// failed puts an error of gRPC into our terms.
func failed(err error, call attempted) *Error {
	state := status.Convert(err)
	made := &Error{Kind: Other, Code: state.Code()}
	if kind, ok := kinds[made.Code]; ok {
		made.Kind = kind
	}
	outcome := made.explain(state)
	if made.Code == codes.Internal && made.Reason == "" && torn.MatchString(state.Message()) {
		made.Kind = Unavailable
	}
	where := call.method + " at " + call.target
	switch {
	case !call.sent && unsendable.MatchString(state.Message()):
		made.Kind, made.Code, made.Message = InvalidRequest, codes.InvalidArgument, where+" can't be sent: "+state.Message()
	case made.Reason == "TOKEN_MISSING":
		made.Message = state.Message() + " (WithToken or WORKFLOW_RESULTS_TOKEN)"
	case made.Reason != "" && (made.Kind == InvalidRequest || made.Kind == PermissionDenied):
		made.Message = state.Message()
	case made.Reason != "":
		made.Message = where + ": " + state.Message()
	case made.Code == codes.Canceled && errors.Is(call.ctx.Err(), context.Canceled):
		made.Kind, made.Message = Canceled, where+" was canceled"
	case made.Code == codes.DeadlineExceeded:
		made.Message = where + " took longer than its time"
	case made.Kind == Unavailable:
		made.Message = fmt.Sprintf("the connection to %s failed: %s", call.target, state.Message())
	case made.Code == codes.Unimplemented:
		made.Message = fmt.Sprintf("%s does not offer %s: is it a Workflow Results server, and not older than this client?",
			call.target, call.method)
	default:
		made.Message = fmt.Sprintf("%s failed with %s: %s", where, made.Code, state.Message())
	}
	made.OutcomeUnknown = changing[call.method] && call.sent && !refusals[made.Code] && outcome != "NOT_APPLIED" &&
		!strings.Contains(state.Message(), "REFUSED_STREAM") // over the limit of a connection: not even looked at
	return made
}

// explain takes over what the service says about an error, and returns what it says of the outcome.
func (e *Error) explain(state *status.Status) (outcome string) {
	var info *errdetails.ErrorInfo
	var fields []string
	var delay time.Duration
	for _, detail := range state.Details() {
		switch each := detail.(type) {
		case *errdetails.ErrorInfo:
			info = each
		case *errdetails.BadRequest:
			for _, violation := range each.GetFieldViolations() {
				fields = append(fields, violation.GetField())
			}
		case *errdetails.RetryInfo:
			delay = min(max(0, each.GetRetryDelay().AsDuration()), longestRetry)
		}
	}
	if info.GetDomain() != domain { // it is from a proxy, say
		return ""
	}
	e.Reason, e.CallID, e.Fields, e.RetryDelay = info.GetReason(), info.GetMetadata()["call_id"], fields, delay
	return info.GetMetadata()["outcome"]
}

// invalid returns the error for what is refused before anything is sent.
func invalid(format string, values ...any) *Error {
	cause := fmt.Errorf(format, values...)
	return &Error{Kind: InvalidRequest, Code: codes.InvalidArgument, Message: cause.Error(), cause: errors.Unwrap(cause)}
}

// other returns an error of no particular kind.
func other(format string, values ...any) *Error {
	return &Error{Kind: Other, Code: codes.Unknown, Message: fmt.Sprintf(format, values...)}
}

// unavailable returns an error that means: try again.
func unavailable(format string, values ...any) *Error {
	return &Error{Kind: Unavailable, Code: codes.Unavailable, Message: fmt.Sprintf(format, values...)}
}

// ended returns the error of a call whose context is over.
func ended(ctx context.Context, what string) *Error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return &Error{Kind: Canceled, Code: codes.Canceled, Message: what + " was canceled"}
	}
	return &Error{Kind: DeadlineExceeded, Code: codes.DeadlineExceeded, Message: what + " took longer than its time"}
}
