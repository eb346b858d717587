package workflowresults

import (
	"context"
	"errors"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	pb "github.com/chimefrb/workflow-results/client/go/workflowresults/v1"
)

// errSilent is why a stream is given up from which nothing comes any more.
var errSilent = errors.New("the stream is silent")

// silent returns the error of a stream that is silent.
func silent(method, target string, limit time.Duration) *Error {
	message := method + " at " + target + ": nothing has come for " + limit.String()
	return &Error{Kind: DeadlineExceeded, Code: codes.DeadlineExceeded, Message: message, cause: errSilent}
}

// serverStream is how a method that answers with a stream is called: a method expression of the generated client.
type serverStream[Q, A any] func(
	pb.ResultsServiceClient, context.Context, *Q, ...grpc.CallOption,
) (grpc.ServerStreamingClient[A], error)

// limits are those of one stream.
type limits struct {
	connect time.Time     // when the service must have been found
	silence time.Duration // how long nothing may come
}

// receive opens a stream and hands on what comes, until the stream ends or hand returns false. It cancels the stream then.
func receive[Q, A any](
	ctx context.Context, r *Results, method string, rpc serverStream[Q, A], request *Q, limits limits,
	hand func(*A) (bool, *Error),
) *Error {
	conn, err := r.streams.take()
	if err != nil {
		return err
	}
	defer conn.leave()
	if err := conn.reachUntil(ctx, limits.connect); err != nil {
		return err
	}
	tracked, sent := tracked(ctx)
	watched, cancel := context.WithCancelCause(tracked)
	defer cancel(nil)
	watchdog := time.AfterFunc(limits.silence, func() { cancel(errSilent) })
	defer watchdog.Stop()
	incoming, failure := rpc(pb.NewResultsServiceClient(conn), watched, request)
	for failure == nil {
		watchdog.Reset(limits.silence)
		var answer *A
		if answer, failure = incoming.Recv(); failure != nil {
			break
		}
		watchdog.Stop() // while the user looks at the answer, the stream need not go on
		if more, err := hand(answer); err != nil || !more {
			return err
		}
	}
	if failure == io.EOF {
		return nil
	}
	if context.Cause(watched) == errSilent {
		return silent(method, r.target, limits.silence)
	}
	err = failed(failure, attempted{method: method, target: r.target, sent: sent.Load(), ctx: ctx})
	conn.noteFailure(err)
	return err
}

// reachUntil waits until the service answers, but not forever.
func (c *connection) reachUntil(ctx context.Context, end time.Time) *Error {
	ctx, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	return c.reach(ctx, false)
}
