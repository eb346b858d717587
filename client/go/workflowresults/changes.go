package workflowresults

import (
	"context"
	"strings"
	"time"

	pb "github.com/chimefrb/workflow-results/client/go/workflowresults/v1"
)

// ChangeOptions are those of [Results.Update], [Results.DeleteIDs] and [Results.Lock].
type ChangeOptions struct {
	// Reason is why the results are changed, for their history: at most 1,000 characters.
	Reason string
	// RequestID is up to 64 visible ASCII characters that the caller uses for no other request, a UUID for example. With
	// one, a call is tried again where its outcome is unknown, and you may repeat it: it is carried out once. Without one,
	// a call is sent again only where the error says that nothing was changed.
	RequestID string
}

// chosen returns the options, or the defaults.
func (o *ChangeOptions) chosen() ChangeOptions {
	if o == nil {
		return ChangeOptions{}
	}
	return *o
}

// Update sets the given top-level fields of each result that the `pipeline` and `id` of a work name, and keeps the others;
// a given `results` is replaced whole. All or nothing. It never changes the lock state. It is refused if a result is locked
// or does not exist.
func (r *Results) Update(ctx context.Context, works []any, options *ChangeOptions) (ChangeOutcome, error) {
	chosen := options.chosen()
	prepared, err := prepared(works, func(path string, document any) (work, *Error) {
		raw, err := encoded(path, document)
		return work{raw: raw}, err
	})
	if err != nil {
		return ChangeOutcome{}, err
	}
	request := &pb.UpdateRequest{Works: joined(prepared), Reason: chosen.Reason, RequestId: chosen.RequestID}
	response, failure := call(ctx, r, changePolicy(chosen.RequestID), "Update", pb.ResultsServiceClient.Update, request)
	if failure != nil {
		return ChangeOutcome{}, failure
	}
	return changeOutcome(response.GetOutcome()), nil
}

// DeleteIDs deletes results. All or nothing. It is refused if a result is locked or does not exist.
func (r *Results) DeleteIDs(ctx context.Context, pipeline string, ids []string, options *ChangeOptions) (ChangeOutcome, error) {
	chosen := options.chosen()
	request := &pb.DeleteIdsRequest{Pipeline: pipeline, Ids: ids, Reason: chosen.Reason, RequestId: chosen.RequestID}
	response, err := call(ctx, r, changePolicy(chosen.RequestID), "DeleteIds", pb.ResultsServiceClient.DeleteIds, request)
	if err != nil {
		return ChangeOutcome{}, err
	}
	return changeOutcome(response.GetOutcome()), nil
}

// Lock locks results, so that they can be neither updated nor deleted. All or nothing. It is refused if a result does not
// exist; to lock a locked one is fine.
func (r *Results) Lock(ctx context.Context, pipeline string, ids []string, options *ChangeOptions) (ChangeOutcome, error) {
	chosen := options.chosen()
	request := &pb.LockRequest{Pipeline: pipeline, Ids: ids, Reason: chosen.Reason, RequestId: chosen.RequestID}
	response, err := call(ctx, r, changePolicy(chosen.RequestID), "Lock", pb.ResultsServiceClient.Lock, request)
	if err != nil {
		return ChangeOutcome{}, err
	}
	return changeOutcome(response.GetOutcome()), nil
}

// UnlockOptions are those of [Results.Unlock].
type UnlockOptions struct {
	ChangeOptions
	// Force: unlock the results. Without it, they are only counted.
	Force bool
}

// UnlockOutcome is the outcome of [Results.Unlock]. Without Force, Applied is false, and the refusals are those that the
// call would get with it.
type UnlockOutcome struct {
	ChangeOutcome
	// LockedCount is how many of the results were locked: those that were unlocked, or would be.
	LockedCount int
}

// Unlock unlocks results, or only counts the locked ones among them. All or nothing. It is refused if a result does not
// exist; to unlock one that is not locked is fine.
func (r *Results) Unlock(ctx context.Context, pipeline string, ids []string, options *UnlockOptions) (UnlockOutcome, error) {
	var chosen UnlockOptions
	if options != nil {
		chosen = *options
	}
	request := &pb.UnlockRequest{
		Pipeline: pipeline, Ids: ids, Force: chosen.Force, Reason: chosen.Reason, RequestId: chosen.RequestID,
	}
	response, err := call(ctx, r, changePolicy(chosen.RequestID), "Unlock", pb.ResultsServiceClient.Unlock, request)
	if err != nil {
		return UnlockOutcome{}, err
	}
	return UnlockOutcome{changeOutcome(response.GetOutcome()), int(response.GetLockedCount())}, nil
}

// ChangeMethod is the method that changed a result.
type ChangeMethod string

// The methods that change results.
const (
	MethodUpdate       ChangeMethod = "UPDATE"
	MethodDeleteIDs    ChangeMethod = "DELETE_IDS"
	MethodLock         ChangeMethod = "LOCK"
	MethodUnlock       ChangeMethod = "UNLOCK"
	MethodDropPipeline ChangeMethod = "DROP_PIPELINE"
)

// HistoryEntry is a change of a result, or of a pipeline.
type HistoryEntry struct {
	// Time is when, by the clock of the server, in UTC.
	Time time.Time
	// Method is what was done; one that this package does not know has its name in the proto.
	Method ChangeMethod
	// Caller is the name of the caller's token or certificate; empty if the server has no tokens file.
	Caller string
	// Fields are the top-level fields that an Update set: of many, the first ones.
	Fields []string
	// FieldCount is how many these were in all.
	FieldCount int
	// Reason is why, as the caller gave it.
	Reason string
	// RequestID is the request id that the caller gave.
	RequestID string
	// ResultCount is how many results of the pipeline the request named, including this one.
	ResultCount int
}

// History returns the changes of a result, the newest first; with an empty id, those of the pipeline itself.
func (r *Results) History(ctx context.Context, pipeline, id string) ([]HistoryEntry, error) {
	ctx, cancel := r.bounded(ctx)
	defer cancel()
	var entries []HistoryEntry
	request := &pb.HistoryRequest{Pipeline: pipeline, Id: id}
	for {
		page, err := call(ctx, r, idempotent, "History", pb.ResultsServiceClient.History, request)
		if err != nil {
			return nil, err
		}
		for _, each := range page.GetEntries() {
			entries = append(entries, HistoryEntry{
				Time: each.GetTime().AsTime(), Method: ChangeMethod(strings.TrimPrefix(each.GetMethod().String(), "CHANGE_METHOD_")),
				Caller: each.GetCaller(), Fields: each.GetFields(), FieldCount: int(each.GetFieldCount()), Reason: each.GetReason(),
				RequestID: each.GetRequestId(), ResultCount: int(each.GetResultCount()),
			})
		}
		if page.GetNextPageToken() == "" {
			return entries, nil
		}
		request.PageToken = page.GetNextPageToken()
	}
}

// DropPipeline drops a pipeline that has no results left, and returns false if there was none. A pipeline with results is
// an InvalidRequest with the reason PIPELINE_NOT_EMPTY. The reason is for the history of the pipeline. For admins.
func (r *Results) DropPipeline(ctx context.Context, pipeline, reason string) (bool, error) {
	request := &pb.DropPipelineRequest{Pipeline: pipeline, Reason: reason}
	response, err := call(ctx, r, idempotent, "DropPipeline", pb.ResultsServiceClient.DropPipeline, request)
	return response.GetDropped(), err
}

// FieldIndex is an index on a field.
type FieldIndex struct {
	// Field is the path of the field.
	Field string
	// SizeBytes is how much disk space it takes.
	SizeBytes int64
	// Ready: it serves queries; false while it is being built.
	Ready bool
}

func fieldIndex(index *pb.FieldIndex) FieldIndex {
	return FieldIndex{Field: index.GetField(), SizeBytes: index.GetSizeBytes(), Ready: index.GetReady()}
}

// ListIndexes returns the indexes on fields of a pipeline, in the order of the fields. For admins.
func (r *Results) ListIndexes(ctx context.Context, pipeline string) ([]FieldIndex, error) {
	request := &pb.ListIndexesRequest{Pipeline: pipeline}
	response, err := call(ctx, r, idempotent, "ListIndexes", pb.ResultsServiceClient.ListIndexes, request)
	if err != nil {
		return nil, err
	}
	indexes := make([]FieldIndex, 0, len(response.GetIndexes()))
	for _, each := range response.GetIndexes() {
		indexes = append(indexes, fieldIndex(each))
	}
	return indexes, nil
}

// CreateIndex builds an index on a field, a path like "results.snr", unless there is one. If that takes longer than the
// call, the index is not Ready, and the server goes on building; repeat the call to wait. For admins.
func (r *Results) CreateIndex(ctx context.Context, pipeline, field string) (FieldIndex, error) {
	request := &pb.CreateIndexRequest{Pipeline: pipeline, Field: field}
	response, err := call(ctx, r, idempotent, "CreateIndex", pb.ResultsServiceClient.CreateIndex, request)
	return fieldIndex(response.GetIndex()), err
}

// DropIndex drops the index on a field, or gives up building it, and returns false if there was none. For admins.
func (r *Results) DropIndex(ctx context.Context, pipeline, field string) (bool, error) {
	request := &pb.DropIndexRequest{Pipeline: pipeline, Field: field}
	response, err := call(ctx, r, idempotent, "DropIndex", pb.ResultsServiceClient.DropIndex, request)
	return response.GetDropped(), err
}
