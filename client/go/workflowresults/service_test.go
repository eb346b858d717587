package workflowresults

import (
	"context"
	"io"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	pb "github.com/chimefrb/workflow-results/client/go/workflowresults/v1"
)

// depositStream is a stream of deposits, as a service sees it.
type depositStream = grpc.BidiStreamingServer[pb.DepositStreamRequest, pb.DepositStreamResponse]

// service stands for the service; what a test does not set is not implemented.
type service struct {
	pb.UnimplementedResultsServiceServer
	target  string
	health  grpc_health_v1.HealthServer // nil: one that is well
	calls   atomic.Int32                // so far
	deposit func(number int, works []bson.Raw, ctx context.Context) error
	stream  func(number int, stream depositStream) error
	view    func(number int, stream grpc.ServerStreamingServer[pb.ViewResponse]) error
	watch   func(number int, stream grpc.ServerStreamingServer[pb.WatchResponse]) error
}

// largeCount takes 64 bits.
const largeCount = 1 << 40

func (s *service) Count(context.Context, *pb.CountRequest) (*pb.CountResponse, error) {
	return &pb.CountResponse{Count: largeCount}, nil
}

func (s *service) Deposit(ctx context.Context, request *pb.DepositRequest) (*pb.DepositResponse, error) {
	works, problem := split(request.GetWorks().GetBson())
	if problem != nil {
		return nil, problem
	}
	if err := s.deposit(int(s.calls.Add(1)), works, ctx); err != nil {
		return nil, err
	}
	return &pb.DepositResponse{Outcomes: stored(len(works))}, nil
}

func (s *service) DepositStream(stream depositStream) error {
	return s.stream(int(s.calls.Add(1)), stream)
}

func (s *service) View(_ *pb.ViewRequest, stream grpc.ServerStreamingServer[pb.ViewResponse]) error {
	return s.view(int(s.calls.Add(1)), stream)
}

func (s *service) Watch(_ *pb.WatchRequest, stream grpc.ServerStreamingServer[pb.WatchResponse]) error {
	return s.watch(int(s.calls.Add(1)), stream)
}

func stored(count int) []pb.DepositOutcome {
	return slices.Repeat([]pb.DepositOutcome{pb.DepositOutcome_DEPOSIT_OUTCOME_DEPOSITED}, count)
}

// gone is how a service tells that it stops.
func gone() error { return status.Error(codes.Unavailable, "gone") }

// serve starts it, and returns a client of it.
func (s *service) serve(t *testing.T, options ...Option) *Results {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.target = listener.Addr().String()
	server := grpc.NewServer(
		grpc.MaxRecvMsgSize(messageBytes), grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Second}))
	pb.RegisterResultsServiceServer(server, s)
	if s.health == nil {
		s.health = health.NewServer()
	}
	grpc_health_v1.RegisterHealthServer(server, s.health)
	go func() { _ = server.Serve(listener) }() // nil after Stop
	t.Cleanup(server.Stop)
	results, err := New(s.target, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = results.Close() })
	return results
}

// acknowledged stores all that comes, until the client has sent everything.
func acknowledged(stream depositStream) error {
	for {
		request, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		works, problem := split(request.GetWorks().GetBson())
		if problem != nil {
			return problem
		}
		if err := stream.Send(acknowledgement(request.GetSequence(), stored(len(works))...)); err != nil {
			return err
		}
	}
}

// within10s returns a context that ends a test which hangs.
func within10s(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}
