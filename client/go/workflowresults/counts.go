package workflowresults

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"

	pb "github.com/chimefrb/workflow-results/client/go/workflowresults/v1"
)

// Count returns exactly how many results of a pipeline match a query, which is that of [Results.View]. It is fast for
// queries on `id`, `event` and `results.locked`; others scan the pipeline within the time of the call.
func (r *Results) Count(ctx context.Context, pipeline string, query any) (int64, error) {
	filter, problem := optional("query", query)
	if problem != nil {
		return 0, problem
	}
	request := &pb.CountRequest{Pipeline: pipeline, Query: filter}
	response, err := call(ctx, r, idempotent, "Count", pb.ResultsServiceClient.Count, request)
	return response.GetCount(), err
}

// ValueCount is how many results have a value.
type ValueCount struct {
	// Value is the value; its Unmarshal method decodes it.
	Value bson.RawValue
	// Count is how many results have it.
	Count int64
}

// ValueCounts are the numbers of results by the values of a field.
type ValueCounts struct {
	// Counts are the values, the most frequent first, at most 1,000.
	Counts []ValueCount
	// HasMore: there are more values than these.
	HasMore bool
	// OtherCount is how many values are not told apart, each counted once for each result.
	OtherCount int64
}

// CountBy counts the results of a pipeline by the values of a field, a path like "results.class". The query is that of
// [Results.View].
func (r *Results) CountBy(ctx context.Context, pipeline, field string, query any) (ValueCounts, error) {
	filter, problem := optional("query", query)
	if problem != nil {
		return ValueCounts{}, problem
	}
	request := &pb.CountByRequest{Pipeline: pipeline, Field: field, Query: filter}
	response, err := call(ctx, r, idempotent, "CountBy", pb.ResultsServiceClient.CountBy, request)
	if err != nil {
		return ValueCounts{}, err
	}
	made := ValueCounts{HasMore: response.GetHasMore(), OtherCount: response.GetOtherCount()}
	for _, each := range response.GetCounts() {
		value, err := bson.Raw(each.GetValue().GetBson()).LookupErr("value")
		if err != nil {
			return ValueCounts{}, other("the service sent broken BSON: %s", err)
		}
		made.Counts = append(made.Counts, ValueCount{Value: value, Count: each.GetCount()})
	}
	return made, nil
}

// Status returns the number of results of every pipeline that has any, from MongoDB's metadata.
func (r *Results) Status(ctx context.Context) (map[string]int64, error) {
	response, err := call(ctx, r, idempotent, "Status", pb.ResultsServiceClient.Status, &pb.StatusRequest{})
	return response.GetCounts(), err
}

// GetLockedCount returns how many results of a pipeline are locked.
func (r *Results) GetLockedCount(ctx context.Context, pipeline string) (int64, error) {
	request := &pb.GetLockedCountRequest{Pipeline: pipeline}
	response, err := call(ctx, r, idempotent, "GetLockedCount", pb.ResultsServiceClient.GetLockedCount, request)
	return response.GetCount(), err
}

// Info returns the versions of server, API and MongoDB, and what the server accepts.
func (r *Results) Info(ctx context.Context) (*pb.InfoResponse, error) {
	return call(ctx, r, idempotent, "Info", pb.ResultsServiceClient.Info, &pb.InfoRequest{})
}
