package workflowresults

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"

	pb "github.com/chimefrb/workflow-results/client/go/workflowresults/v1"
)

// depositStream is a stream of deposits, as a service sees it.
type depositStream = grpc.BidiStreamingServer[pb.DepositStreamRequest, pb.DepositStreamResponse]

// service stands for the service; what a test does not set is not implemented.
type service struct {
	pb.UnimplementedResultsServiceServer
	target  string
	streams atomic.Int32 // of deposits, so far
	deposit func(number int, stream depositStream) error
	count   func(context.Context) (*pb.CountResponse, error)
	view    func(*pb.ViewRequest, grpc.ServerStreamingServer[pb.ViewResponse]) error
	watch   func(*pb.WatchRequest, grpc.ServerStreamingServer[pb.WatchResponse]) error
}

func (s *service) DepositStream(stream depositStream) error {
	return s.deposit(int(s.streams.Add(1)), stream)
}

func (s *service) Count(ctx context.Context, _ *pb.CountRequest) (*pb.CountResponse, error) {
	return s.count(ctx)
}

func (s *service) View(request *pb.ViewRequest, stream grpc.ServerStreamingServer[pb.ViewResponse]) error {
	return s.view(request, stream)
}

func (s *service) Watch(request *pb.WatchRequest, stream grpc.ServerStreamingServer[pb.WatchResponse]) error {
	return s.watch(request, stream)
}

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
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())
	go func() { _ = server.Serve(listener) }() // nil after Stop
	t.Cleanup(server.Stop)
	results, err := New(s.target, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = results.Close() })
	return results
}

// acknowledged stores all that comes.
func acknowledged(stream depositStream) error {
	for {
		request, err := stream.Recv()
		if err != nil {
			return nil
		}
		works, problem := split(request.GetWorks().GetBson())
		if problem != nil {
			return problem
		}
		outcomes := make([]pb.DepositOutcome, len(works))
		for position := range outcomes {
			outcomes[position] = pb.DepositOutcome_DEPOSIT_OUTCOME_DEPOSITED
		}
		if err := stream.Send(&pb.DepositStreamResponse{Sequence: request.GetSequence(), Outcomes: outcomes}); err != nil {
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
