package workflowresults

import (
	"context"
	"iter"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	pb "github.com/chimefrb/workflow-results/client/go/workflowresults/v1"
)

// reading is a read on its way through one stream after another, nothing missing and nothing twice.
type reading struct {
	what     string
	resumes  bool // else it begins anew where a stream breaks
	token    []byte
	complete bool // all has arrived, so that it does not matter how the stream ends
	attempts attempts

	count int64      // of the results of this stream
	kept  []bson.Raw // what has arrived of a stream that can't be resumed
}

// begin notes that a stream begins.
func (r *reading) begin() {
	r.count, r.kept = 0, nil
}

// take notes what has arrived, and returns the results to hand on.
func (r *reading) take(part *pb.ResultPart) ([]bson.Raw, *Error) {
	documents, err := split(part.GetBatch().GetResults().GetBson())
	if err != nil {
		return nil, err
	}
	if batch := part.GetBatch(); batch != nil {
		r.count += int64(len(documents))
		r.token = batch.GetResumeToken()
		r.attempts.progress()
	}
	if summary := part.GetSummary(); summary != nil {
		if summary.GetCount() != r.count {
			return nil, other("%s lost results: %d of %d arrived", r.what, r.count, summary.GetCount())
		}
		r.complete = true
	}
	if r.resumes {
		return documents, nil
	}
	r.kept = append(r.kept, documents...)
	if r.complete {
		return r.kept, nil
	}
	return nil, nil
}

// part is a response of any read.
type part[A any] interface {
	*A
	GetPart() *pb.ResultPart
}

// read returns the results of a read; request makes its request, to go on behind a token.
func read[Q, A any, P part[A]](
	ctx context.Context, r *Results, method string, rpc serverStream[Q, A], request func(token []byte) *Q,
) iter.Seq2[bson.Raw, error] {
	return func(yield func(bson.Raw, error) bool) {
		state := reading{
			what: method + " at " + r.target, resumes: method != "Top", attempts: attempts{policy: idempotent},
		}
		silence := forever
		if _, ok := ctx.Deadline(); !ok {
			silence = r.silence()
		}
		giveUp, broken := time.Now().Add(r.patience()), false
		hand := func(answer *A) (bool, *Error) {
			documents, err := state.take(P(answer).GetPart())
			if err != nil {
				return false, err
			}
			for _, each := range documents {
				if ctx.Err() != nil {
					return false, ended(ctx, state.what)
				}
				if !yield(handed(each), nil) {
					broken = true
					return false, nil
				}
			}
			giveUp = time.Now().Add(r.patience())
			return !state.complete, nil
		}
		for {
			state.begin()
			err := receive(ctx, r, method, rpc, request(state.token), limits{giveUp, silence}, hand)
			if broken || err == nil && state.complete {
				return
			}
			if err == nil {
				err = unavailable("%s ended early, without a summary", state.what)
			}
			pause, final := state.attempts.after(err, min(remaining(ctx), time.Until(giveUp)))
			if final == nil && !sleep(ctx, pause) {
				final = stopped(ctx, err, state.what)
			}
			if final != nil {
				yield(nil, final)
				return
			}
		}
	}
}

// refused returns a sequence that is only an error.
func refused(err *Error) iter.Seq2[bson.Raw, error] {
	return func(yield func(bson.Raw, error) bool) { yield(nil, err) }
}

// ViewOptions are those of [Results.View].
type ViewOptions struct {
	// Projection says which fields to return: any document in MongoDB's language. Nil: whole results.
	Projection any
	// Skip is how many matching results to leave out at first. To page through results, query ids that are lower than the
	// last one instead: that does not read what it skips.
	Skip int64
	// Limit is how many results to return at most. 0: all.
	Limit int64
}

// View returns the results of a pipeline that match a query, in descending order of their ids.
//
// The query is any document in MongoDB's language; nil matches all results. Nil options are the defaults.
//
// Results are read as they are asked for, in constant memory. A stream that breaks goes on where it stopped: no result is
// missing and none comes twice. Leaving the loop early ends the call on the server. An error ends the sequence. This holds
// for all methods that return a sequence.
func (r *Results) View(ctx context.Context, pipeline string, query any, options *ViewOptions) iter.Seq2[bson.Raw, error] {
	var chosen ViewOptions
	if options != nil {
		chosen = *options
	}
	filter, projection, err := filtered(query, chosen.Projection)
	if err != nil {
		return refused(err)
	}
	return read(ctx, r, "View", pb.ResultsServiceClient.View, func(token []byte) *pb.ViewRequest {
		return &pb.ViewRequest{
			Pipeline: pipeline, Query: filter, Projection: projection, Skip: chosen.Skip, Limit: chosen.Limit, ResumeToken: token,
		}
	})
}

// GetByID returns the results with the given ids, any number of them, in descending order of the ids. Ids that do not
// exist are left out, and one that is named twice counts once.
func (r *Results) GetByID(ctx context.Context, pipeline string, ids []string) iter.Seq2[bson.Raw, error] {
	return func(yield func(bson.Raw, error) bool) {
		for _, named := range idRequests(ids) {
			results := read(ctx, r, "GetById", pb.ResultsServiceClient.GetById, func(token []byte) *pb.GetByIdRequest {
				return &pb.GetByIdRequest{Pipeline: pipeline, Ids: named, ResumeToken: token}
			})
			for result, err := range results {
				if !yield(result, err) || err != nil {
					return
				}
			}
		}
	}
}

// idRequests divides ids into requests that follow the order of the results. Without ids, there is one that asks for none.
func idRequests(ids []string) [][]string {
	const most = 10_000
	ordered := slices.Clone(ids)
	slices.Sort(ordered)
	ordered = slices.Compact(ordered)
	slices.Reverse(ordered)
	if len(ordered) <= most {
		return [][]string{ordered}
	}
	return slices.Collect(slices.Chunk(ordered, most))
}

// GetByEvent returns the results whose field `event` contains a number, alone or among others.
func (r *Results) GetByEvent(ctx context.Context, pipeline string, eventNumber int64) iter.Seq2[bson.Raw, error] {
	return read(ctx, r, "GetByEvent", pb.ResultsServiceClient.GetByEvent, func(token []byte) *pb.GetByEventRequest {
		return &pb.GetByEventRequest{Pipeline: pipeline, EventNumber: &eventNumber, ResumeToken: token}
	})
}

// GetByCount returns the results with the highest ids, at most count; 0: all. For ids that begin with a time, such as
// ObjectId strings, these are the newest.
func (r *Results) GetByCount(ctx context.Context, pipeline string, count int64) iter.Seq2[bson.Raw, error] {
	return read(ctx, r, "GetByCount", pb.ResultsServiceClient.GetByCount, func(token []byte) *pb.GetByCountRequest {
		return &pb.GetByCountRequest{Pipeline: pipeline, Count: count, ResumeToken: token}
	})
}

// GetLocked returns locked results that have `results`, `plots` and `products`, each with only `id`, `event`, `plots`,
// `products` and `results`. It leaves out the first skip, and returns at most count; 0: all.
func (r *Results) GetLocked(ctx context.Context, pipeline string, skip, count int64) iter.Seq2[bson.Raw, error] {
	return read(ctx, r, "GetLocked", pb.ResultsServiceClient.GetLocked, func(token []byte) *pb.GetLockedRequest {
		return &pb.GetLockedRequest{Pipeline: pipeline, Skip: skip, Count: count, ResumeToken: token}
	})
}

// TopOptions are those of [Results.Top].
type TopOptions struct {
	// Query says which results count, as in [Results.View]. Nil: all.
	Query any
	// Projection is that of [ViewOptions].
	Projection any
	// Ascending: the lowest values come first, rather than the highest.
	Ascending bool
}

// Top returns the results of a pipeline with the highest or lowest values of a field, a path like "results.snr", at most
// limit, from 1 to 10,000. Those with equal values come in the order of their ids. Results where the field is missing, not
// a number, or NaN, are left out. A stream that breaks begins anew, so that the first result comes when all have arrived.
func (r *Results) Top(
	ctx context.Context, pipeline, field string, limit int32, options *TopOptions,
) iter.Seq2[bson.Raw, error] {
	var chosen TopOptions
	if options != nil {
		chosen = *options
	}
	filter, projection, err := filtered(chosen.Query, chosen.Projection)
	if err != nil {
		return refused(err)
	}
	return read(ctx, r, "Top", pb.ResultsServiceClient.Top, func([]byte) *pb.TopRequest {
		return &pb.TopRequest{
			Pipeline: pipeline, Field: field, Query: filter, Projection: projection, Limit: limit, Ascending: chosen.Ascending,
		}
	})
}

// filtered encodes a query and a projection.
func filtered(query, projection any) (filter, fields *pb.EncodedDocument, err *Error) {
	if filter, err = optional("query", query); err != nil {
		return nil, nil, err
	}
	if fields, err = optional("projection", projection); err != nil {
		return nil, nil, err
	}
	return filter, fields, nil
}
