package workflowresults

import (
	"context"
	"iter"
	"sync"

	"go.mongodb.org/mongo-driver/v2/bson"

	pb "github.com/chimefrb/workflow-results/client/go/workflowresults/v1"
)

const (
	requestBytes     = mib // enough to make little of its cost, little enough to keep several in flight
	requestWorks     = 10_000
	requestsInFlight = 4
)

// Deposit stores works, and returns a receipt for each, in their order. A work that is not stored is no error: its receipt
// says why.
//
// Each work needs `pipeline`, `status` ("success" or "failure") and `id`. One whose id is missing or null gets a new
// ObjectId string, which is in its receipt; the work that was given is not changed. The list may have any length. It is
// sent in requests of about 1 MiB. Works with the same id are taken in their order. To deposit a work again is safe. The
// time of the call is for all of them: for a long list, give ctx a deadline.
//
// An error has all works, with their ids, in its Works: deposit these again.
func (r *Results) Deposit(ctx context.Context, works []any) ([]Receipt, error) {
	prepared, err := prepared(works, preparedDeposit)
	if err != nil {
		return nil, err
	}
	ctx, cancel := r.bounded(ctx)
	defer cancel()
	all := make([]Receipt, len(prepared))
	var (
		flying  sync.WaitGroup
		cut     bool       // some works were not sent
		mu      sync.Mutex // guards what follows
		failure *Error
		unknown bool
	)
	slots := make(chan struct{}, inFlight(prepared))
	for start, end := range divided(prepared) {
		if receipt, is := oversized(prepared[start]); is {
			all[start] = receipt
			continue
		}
		slots <- struct{}{}
		if cut = ctx.Err() != nil; cut { // one has failed, or the time is over
			break
		}
		flying.Add(1)
		go func() {
			defer flying.Done()
			defer func() { <-slots }()
			err := r.depositRequest(ctx, prepared[start:end], all[start:end])
			mu.Lock()
			defer mu.Unlock()
			unknown = unknown || err == nil || err.OutcomeUnknown
			if err != nil && failure == nil {
				failure = err
				cancel()
			}
		}()
	}
	flying.Wait()
	if failure == nil && cut {
		failure = ended(ctx, "Deposit at "+r.target)
	}
	if failure == nil {
		return all, nil
	}
	failure.OutcomeUnknown = unknown
	failure.Works = raws(prepared)
	return nil, failure
}

// depositRequest sends the works of one request, and notes their receipts.
func (r *Results) depositRequest(ctx context.Context, works []work, noted []Receipt) *Error {
	request := &pb.DepositRequest{Works: joined(works)}
	response, err := invoke(ctx, r, idempotent, "Deposit", pb.ResultsServiceClient.Deposit, request)
	if err != nil {
		return err
	}
	made, err := receipts(works, response.GetOutcomes(), response.GetRejections())
	copy(noted, made)
	return err
}

// inFlight returns how many requests with some works may be under way at a time: where ids repeat, none may overtake another.
func inFlight(works []work) int {
	type name struct{ pipeline, id string }
	seen := make(map[name]bool, len(works))
	for _, each := range works {
		if seen[name{each.pipeline, each.id}] {
			return 1
		}
		seen[name{each.pipeline, each.id}] = true
	}
	return requestsInFlight
}

// divided divides works into requests of a good size, and returns where they start and end; one that is larger goes alone.
func divided(works []work) iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		start, size := 0, 0
		for position, each := range works {
			if position > start && (size+len(each.raw) > requestBytes || position-start == requestWorks) {
				if !yield(start, position) {
					return
				}
				start, size = position, 0
			}
			size += len(each.raw)
		}
		if start < len(works) {
			yield(start, len(works))
		}
	}
}

// joined returns works back to back.
func joined(works []work) *pb.EncodedDocuments {
	size := 0
	for _, each := range works {
		size += len(each.raw)
	}
	data := make([]byte, 0, size)
	for _, each := range works {
		data = append(data, each.raw...)
	}
	return &pb.EncodedDocuments{Bson: data}
}

func raws(works []work) []bson.Raw {
	all := make([]bson.Raw, len(works))
	for position, each := range works {
		all[position] = each.raw
	}
	return all
}
