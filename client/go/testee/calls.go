package main

import (
	"context"
	"encoding/hex"
	"iter"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	wr "github.com/chimefrb/workflow-results/client/go/workflowresults"
)

// overClient are the commands that need nothing but a client.
var overClient = map[string]func(context.Context, *wr.Results, *command) (fields, error){
	"deposit": func(ctx context.Context, client *wr.Results, asked *command) (fields, error) {
		receipts, err := client.Deposit(ctx, works(asked.Works))
		return fields{"receipts": told(receipts)}, err
	},
	"update": func(ctx context.Context, client *wr.Results, asked *command) (fields, error) {
		return changed(client.Update(ctx, works(asked.Works), origin(asked)))
	},
	"delete_ids": func(ctx context.Context, client *wr.Results, asked *command) (fields, error) {
		return changed(client.DeleteIDs(ctx, asked.Pipeline, asked.IDs, origin(asked)))
	},
	"lock": func(ctx context.Context, client *wr.Results, asked *command) (fields, error) {
		return changed(client.Lock(ctx, asked.Pipeline, asked.IDs, origin(asked)))
	},
	"unlock": func(ctx context.Context, client *wr.Results, asked *command) (fields, error) {
		options := &wr.UnlockOptions{ChangeOptions: *origin(asked), Force: asked.Force}
		outcome, err := client.Unlock(ctx, asked.Pipeline, asked.IDs, options)
		answer, err := changed(outcome.ChangeOutcome, err)
		answer["locked_count"] = outcome.LockedCount
		return answer, err
	},
	"count": func(ctx context.Context, client *wr.Results, asked *command) (fields, error) {
		count, err := client.Count(ctx, asked.Pipeline, decoded(asked.Query))
		return fields{"count": count}, err
	},
	"count_by": func(ctx context.Context, client *wr.Results, asked *command) (fields, error) {
		found, err := client.CountBy(ctx, asked.Pipeline, asked.Field, decoded(asked.Query))
		counts := []fields{}
		for _, each := range found.Counts {
			data, failure := bson.Marshal(bson.D{{Key: "value", Value: each.Value}})
			if failure != nil {
				return nil, failure
			}
			counts = append(counts, fields{"value": hex.EncodeToString(data), "count": each.Count})
		}
		return fields{"counts": counts, "has_more": found.HasMore, "other_count": found.OtherCount}, err
	},
	"status": func(ctx context.Context, client *wr.Results, _ *command) (fields, error) {
		counts, err := client.Status(ctx)
		return fields{"counts": counts}, err
	},
	"info": func(ctx context.Context, client *wr.Results, _ *command) (fields, error) {
		info, err := client.Info(ctx)
		limits := info.GetLimits()
		return fields{
			"server_version": info.GetServerVersion(), "api_version": info.GetApiVersion(),
			"mongodb_version": info.GetMongodbVersion(), "checker": info.GetChecker(),
			"limits": fields{
				"message_bytes": limits.GetMessageBytes(), "work_bytes": limits.GetWorkBytes(), "work_depth": limits.GetWorkDepth(),
				"pipeline_length": limits.GetPipelineLength(), "id_length": limits.GetIdLength(),
				"transaction_results": limits.GetTransactionResults(), "batch_bytes": limits.GetBatchBytes(),
				"server_seconds": limits.GetServerSeconds(), "request_works": limits.GetRequestWorks(),
				"pipelines": limits.GetPipelines(),
			},
		}, err
	},
	"get_locked_count": func(ctx context.Context, client *wr.Results, asked *command) (fields, error) {
		count, err := client.GetLockedCount(ctx, asked.Pipeline)
		return fields{"count": count}, err
	},
	"history": func(ctx context.Context, client *wr.Results, asked *command) (fields, error) {
		found, err := client.History(ctx, asked.Pipeline, asked.ID)
		entries := []fields{}
		for _, each := range found {
			entries = append(entries, fields{
				"time": milliseconds(each.Time), "method": each.Method, "caller": each.Caller, "fields": list(each.Fields),
				"reason": each.Reason, "request_id": each.RequestID, "result_count": each.ResultCount, "field_count": each.FieldCount,
			})
		}
		return fields{"entries": entries}, err
	},
	"list_indexes": func(ctx context.Context, client *wr.Results, asked *command) (fields, error) {
		found, err := client.ListIndexes(ctx, asked.Pipeline)
		indexes := []fields{}
		for _, each := range found {
			indexes = append(indexes, index(each))
		}
		return fields{"indexes": indexes}, err
	},
	"create_index": func(ctx context.Context, client *wr.Results, asked *command) (fields, error) {
		made, err := client.CreateIndex(ctx, asked.Pipeline, asked.Field)
		return fields{"index": index(made)}, err
	},
	"drop_index": func(ctx context.Context, client *wr.Results, asked *command) (fields, error) {
		dropped, err := client.DropIndex(ctx, asked.Pipeline, asked.Field)
		return fields{"dropped": dropped}, err
	},
	"drop_pipeline": func(ctx context.Context, client *wr.Results, asked *command) (fields, error) {
		dropped, err := client.DropPipeline(ctx, asked.Pipeline, asked.Reason)
		return fields{"dropped": dropped}, err
	},
	"view":         readAll,
	"get_by_count": readAll,
	"get_by_id":    readAll,
	"get_by_event": readAll,
	"get_locked":   readAll,
	"top":          readAll,
	"rpc":          rpc,
}

// reads returns the results that a command asks for, by name of the read.
func reads(ctx context.Context, client *wr.Results, what string, asked *command) iter.Seq2[bson.Raw, error] {
	switch what {
	case "get_by_count":
		return client.GetByCount(ctx, asked.Pipeline, asked.Count)
	case "get_by_id":
		return client.GetByID(ctx, asked.Pipeline, asked.IDs)
	case "get_by_event":
		return client.GetByEvent(ctx, asked.Pipeline, asked.EventNumber)
	case "get_locked":
		return client.GetLocked(ctx, asked.Pipeline, asked.Skip, asked.Count)
	case "top":
		limit := int64(100)
		if asked.Limit != nil {
			limit = *asked.Limit
		}
		return client.Top(ctx, asked.Pipeline, asked.Field, int32(limit), &wr.TopOptions{
			Query: decoded(asked.Query), Projection: decoded(asked.Projection), Ascending: asked.Ascending,
		})
	}
	options := &wr.ViewOptions{Projection: decoded(asked.Projection), Skip: asked.Skip}
	if asked.Limit != nil {
		options.Limit = *asked.Limit
	}
	return client.View(ctx, asked.Pipeline, decoded(asked.Query), options)
}

func readAll(ctx context.Context, client *wr.Results, asked *command) (fields, error) {
	results := []string{}
	for result, err := range reads(ctx, client, asked.Do, asked) {
		if err != nil {
			return nil, err
		}
		digits, err := encode(result)
		if err != nil {
			return nil, err
		}
		results = append(results, digits)
	}
	return fields{"results": results}, nil
}

func works(digits []string) []any {
	all := make([]any, len(digits))
	for position, each := range digits {
		all[position] = decode(each)
	}
	return all
}

func origin(asked *command) *wr.ChangeOptions {
	return &wr.ChangeOptions{Reason: asked.Reason, RequestID: asked.RequestID}
}

func changed(outcome wr.ChangeOutcome, err error) (fields, error) {
	refusals := []fields{}
	for _, each := range outcome.Refusals {
		refusals = append(refusals, fields{"pipeline": each.Pipeline, "id": each.ID, "locked": each.Locked})
	}
	return fields{"outcome": fields{
		"applied": outcome.Applied, "refusals": refusals, "refusal_count": outcome.RefusalCount,
	}}, err
}

func told(receipts []wr.Receipt) []fields {
	all := make([]fields, len(receipts))
	for position, each := range receipts {
		all[position] = fields{"pipeline": each.Pipeline, "id": each.ID, "outcome": each.Outcome, "reason": each.Reason}
	}
	return all
}

func index(each wr.FieldIndex) fields {
	return fields{"field": each.Field, "size_bytes": each.SizeBytes, "ready": each.Ready}
}

func milliseconds(moment time.Time) *int64 {
	if moment.IsZero() {
		return nil
	}
	number := moment.UnixMilli()
	return &number
}
