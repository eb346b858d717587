package workflowresults

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
)

const (
	mib             = 1 << 20
	messageBytes    = 32 * mib
	responseBytes   = 17 * mib
	windowBytes     = 2 * mib // what comes next is received while a batch is decoded
	connectionCalls = 90      // a server takes 100, and counts them longer than we do
	furtherIdle     = time.Minute
	probeTime       = time.Second
)

// dialOptions are those of every connection.
func dialOptions(target string, secure grpc.DialOption, token string) []grpc.DialOption {
	options := []grpc.DialOption{
		secure,
		grpc.WithUserAgent("workflow-results-go/" + Version),
		grpc.WithDefaultCallOptions(grpc.MaxCallSendMsgSize(messageBytes), grpc.MaxCallRecvMsgSize(responseBytes)),
		grpc.WithInitialWindowSize(windowBytes),
		grpc.WithInitialConnWindowSize(8 * windowBytes),
		// A name with several addresses is several servers: calls go to each in turn, and to those that are left.
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig": [{"round_robin": {}}]}`),
		grpc.WithDisableServiceConfig(),
		// A connection that broke without a word is noticed within a minute, also between calls and under a long scan.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{
			Time: 30 * time.Second, Timeout: 20 * time.Second, PermitWithoutStream: true,
		}),
		// A server that comes back is found within two seconds.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: longestPause},
			MinConnectTimeout: longestPause,
		}),
		grpc.WithDisableRetry(), // retries are ours
		grpc.WithStatsHandler(departures{}),
	}
	if token != "" {
		options = append(options, grpc.WithPerRPCCredentials(bearer(token)))
	}
	if isLoopback(target) {
		options = append(options, grpc.WithNoProxy())
	}
	return options
}

// departures note which calls have sent a message.
type departures struct{}

type departureKey struct{}

// tracked returns a context whose calls are noted, and the note.
func tracked(ctx context.Context) (context.Context, *atomic.Bool) {
	sent := new(atomic.Bool)
	return context.WithValue(ctx, departureKey{}, sent), sent
}

func (departures) HandleRPC(ctx context.Context, event stats.RPCStats) {
	if _, ok := event.(*stats.OutPayload); ok {
		if sent, ok := ctx.Value(departureKey{}).(*atomic.Bool); ok {
			sent.Store(true)
		}
	}
}
func (departures) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context   { return ctx }
func (departures) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (departures) HandleConn(context.Context, stats.ConnStats)                       {}

// pool has the connections for one sort of calls: a further one where all others are full.
type pool struct {
	target  string
	secure  bool
	options []grpc.DialOption

	mu          sync.Mutex
	connections []*connection
	closed      bool
}

// connection is one of a pool.
type connection struct {
	*grpc.ClientConn
	pool  *pool
	calls int // those in progress
	// reachable: the service is known to answer, after an answer and until a call finds it gone.
	reachable atomic.Bool
}

// take returns a connection that has room for a call, to be given to leave afterwards.
func (p *pool) take() (*connection, *Error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, closed()
	}
	for _, each := range p.connections {
		if each.calls < connectionCalls {
			each.calls++
			return each, nil
		}
	}
	options := p.options
	if len(p.connections) > 0 {
		options = append(options[:len(options):len(options)], grpc.WithIdleTimeout(furtherIdle))
	}
	conn, err := grpc.NewClient(p.target, options...)
	if err != nil {
		return nil, invalid("target %q can't be used: %w", p.target, err)
	}
	made := &connection{ClientConn: conn, pool: p, calls: 1}
	p.connections = append(p.connections, made)
	return made, nil
}

func (c *connection) leave() {
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	c.calls--
}

func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, each := range p.connections {
		_ = each.Close() // fails only where it is closed already
	}
}

// first returns the connection that the pool was made with.
func (p *pool) first() *connection {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.connections[0]
}

func (p *pool) isClosed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

// closed returns the error of calls of a client that is closed.
func closed() *Error { return other("the client is closed: create another one") }

// noteFailure looks at what has become of a call.
func (c *connection) noteFailure(err *Error) {
	if err.Kind == Unavailable && err.Reason == "" {
		c.reachable.Store(false) // the next call looks for the service first
	}
}

// reach waits until the service answers; with certainly, even if it is known to. No call has been sent when it fails.
func (c *connection) reach(ctx context.Context, certainly bool) *Error {
	if ctx.Err() != nil {
		return ended(ctx, "the call to "+c.pool.target)
	}
	if c.reachable.Load() && !certainly {
		return nil
	}
	began, told := time.Now(), ""
	var pauses pauses
	for {
		// A call that does not wait for a connection gets the reason of the last failure; one that waits finds the service
		// as soon as it is back.
		for _, waits := range []bool{false, true} {
			details, answered := c.probe(ctx, waits)
			if answered {
				c.reachable.Store(true)
				return nil
			}
			if details != "" {
				told = details
			}
		}
		if c.pool.isClosed() {
			return closed()
		}
		if !sleep(ctx, pauses.next()) {
			if ctx.Err() == context.Canceled {
				return ended(ctx, "the call to "+c.pool.target)
			}
			return c.outOfReach(time.Since(began), told)
		}
	}
}

// probe looks for the service once, and returns why it was not found.
func (c *connection) probe(ctx context.Context, waits bool) (details string, answered bool) {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	_, err := grpc_health_v1.NewHealthClient(c).Check(ctx, &grpc_health_v1.HealthCheckRequest{}, grpc.WaitForReady(waits))
	state, told := status.Convert(err), Error{}
	told.explain(state)
	switch state.Code() {
	case codes.Unavailable:
		return state.Message(), told.Reason != ""
	case codes.DeadlineExceeded, codes.Canceled:
		return "", told.Reason != ""
	}
	return "", true
}

// outOfReach explains why nothing has answered.
func (c *connection) outOfReach(after time.Duration, details string) *Error {
	hint, reported := connectHint(details, c.pool.secure), ""
	if details != "" {
		reported = " gRPC reports: " + details
	}
	if hint != "" {
		return unavailable("no connection to %s within %.1f s: %s.%s", c.pool.target, after.Seconds(), hint, reported)
	}
	return unavailable("nothing answers at %s within %.1f s: is the server running there (workflow-results serve), and is this"+
		" its address (WORKFLOW_RESULTS_TARGET)?%s", c.pool.target, after.Seconds(), reported)
}
