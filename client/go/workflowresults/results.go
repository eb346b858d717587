// Package workflowresults is a client of Workflow Results, a service that stores the results of scientific pipelines.
//
// [New] makes a client, which any number of goroutines may use:
//
//	results, err := workflowresults.New("localhost:50051")
//
// Works, queries and projections may be of any type that bson.Marshal takes: structs with bson tags, bson.D, bson.M, or
// documents that are encoded already as bson.Raw. Results come as bson.Raw, which [Decode] and [Collect] turn into
// structs, bson.D or bson.M.
//
// Calls that fail are tried again where that is safe, and streams go on where they broke. Every error is an [*Error].
package workflowresults

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc"

	pb "github.com/chimefrb/workflow-results/client/go/workflowresults/v1"
)

// Version is that of this package.
const Version = "0.1.0"

// longestPatience is how long a stream may be without progress.
const longestPatience = time.Minute

// Results is a client of the service. Any number of goroutines may use it.
//
// Methods with one answer take at most the time of WithTimeout for all attempts together, or until the deadline of their
// context if it has one. Streams have no time limit but that deadline. The errors of all methods are of type [*Error].
//
// A connection takes 100 calls at a time, so there are two kinds of connections, one for calls with one answer and one for
// streams, watches and depositors; a further one of the kind is opened for each 90 calls in progress.
type Results struct {
	target  string
	timeout time.Duration // 0: the defaults
	calls   *pool         // for methods with one answer
	streams *pool         // for all others
}

// New makes a client of the service at target: "host:port", "unix:PATH" or "dns:///host:port". It connects with the first
// call. It fails with InvalidRequest if a setting can't be used.
func New(target string, options ...Option) (*Results, error) {
	return connected("target", target, options)
}

// NewFromEnvironment makes a client of the service at the target that WORKFLOW_RESULTS_TARGET names, or else at
// localhost:50051. Otherwise it does what [New] does.
func NewFromEnvironment(options ...Option) (*Results, error) {
	name, target := environmentTarget()
	return connected(name, target, options)
}

func connected(name, target string, options []Option) (*Results, error) {
	var chosen settings
	for _, option := range options {
		option(&chosen)
	}
	if err := checkTarget(name, target); err != nil {
		return nil, err
	}
	token, source, err := chosen.foundToken()
	if err != nil {
		return nil, err
	}
	timeout, err := chosen.foundTimeout()
	if err != nil {
		return nil, err
	}
	config, err := chosen.foundTLS(target, token, source)
	if err != nil {
		return nil, err
	}
	dial := dialOptions(target, grpc.WithTransportCredentials(transport(config)), token)
	made := &Results{
		target:  target,
		timeout: timeout,
		calls:   &pool{target: target, secure: config != nil, options: dial},
		streams: &pool{target: target, secure: config != nil, options: dial},
	}
	for _, each := range []*pool{made.calls, made.streams} { // which does not connect yet, but checks the target
		conn, err := each.take()
		if err != nil {
			return nil, err
		}
		conn.leave()
	}
	return made, nil
}

// Close closes the connections. Calls in progress fail, and so do later ones. To close twice is fine.
func (r *Results) Close() error {
	r.calls.close()
	r.streams.close()
	return nil
}

// Target returns the target that the client was made with.
func (r *Results) Target() string { return r.target }

// Connection returns the connection for methods with one answer, for calls through the generated client in the package
// workflowresultsv1, which are not tried again:
//
//	pb.NewResultsServiceClient(results.Connection())
func (r *Results) Connection() grpc.ClientConnInterface { return r.calls.first() }

// patience is how long a stream may be without progress.
func (r *Results) patience() time.Duration {
	if r.timeout != 0 {
		return min(r.timeout, longestPatience)
	}
	return longestPatience
}

// silence is how long a read without a time limit may be without a word of the service.
func (r *Results) silence() time.Duration {
	return max(r.timeout, longestPatience) * 11 / 10
}

// bounded returns the context of a call with one answer.
func (r *Results) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return context.WithCancel(ctx)
	}
	if r.timeout != 0 {
		return context.WithTimeout(ctx, r.timeout)
	}
	return context.WithTimeout(ctx, defaultTimeout)
}

// unary is how a method with one answer is called: a method expression of the generated client.
type unary[Q, A any] func(pb.ResultsServiceClient, context.Context, *Q, ...grpc.CallOption) (*A, error)

// call is invoke for methods that return its error as it is.
func call[Q, A any](ctx context.Context, r *Results, policy policy, method string, rpc unary[Q, A], request *Q) (*A, error) {
	answer, err := invoke(ctx, r, policy, method, rpc, request)
	if err != nil {
		return nil, err
	}
	return answer, nil
}

// invoke carries out a method with one answer, again where that is safe.
func invoke[Q, A any](ctx context.Context, r *Results, policy policy, method string, rpc unary[Q, A], request *Q) (*A, *Error) {
	ctx, cancel := r.bounded(ctx)
	defer cancel()
	attempts := attempts{policy: policy}
	for {
		answer, err := attempt(ctx, r, policy, method, rpc, request)
		if err == nil {
			return answer, nil
		}
		pause, final := attempts.after(err, remaining(ctx))
		if final != nil {
			return nil, final
		}
		if !sleep(ctx, pause) {
			return nil, stopped(ctx, err, method+" at "+r.target)
		}
	}
}

func attempt[Q, A any](
	ctx context.Context, r *Results, policy policy, method string, rpc unary[Q, A], request *Q,
) (*A, *Error) {
	conn, failure := r.calls.take()
	if failure != nil {
		return nil, failure
	}
	defer conn.leave()
	if failure := conn.reach(ctx, !policy.unknown); failure != nil {
		return nil, failure
	}
	watched, sent := tracked(ctx)
	answer, err := rpc(pb.NewResultsServiceClient(conn), watched, request)
	if err == nil {
		return answer, nil
	}
	failure = failed(err, attempted{method: method, target: r.target, sent: sent.Load(), ctx: ctx})
	conn.noteFailure(failure)
	return nil, failure
}

// stopped returns the error of a call that has ended in a pause between two attempts.
func stopped(ctx context.Context, last *Error, what string) *Error {
	if !errors.Is(ctx.Err(), context.Canceled) {
		return last
	}
	err := ended(ctx, what)
	err.OutcomeUnknown = last.OutcomeUnknown
	return err
}
