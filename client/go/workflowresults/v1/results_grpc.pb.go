// The Workflow Results API, version 1.
//
// A client in any language can be written from this file, errors.proto and service_config.json alone. The following
// holds for every method.
//
// Works and results. A *work* is the document of one finished unit of pipeline work; a *result* is a work that
// has been deposited. A result is identified by its pipeline and its id. A result whose field `results.locked`
// is true is *locked*: it can be neither updated nor deleted.
//
// Names. A pipeline matches [A-Za-z0-9-][A-Za-z0-9_-]{0,127}; an id is a string of 1 to 128 characters, without NUL.
// Top-level field names are not empty, contain no '.' and do not start with '$'. No document has a name twice, at any
// depth. A pipeline that does not exist has no results; reading from it is never an error.
//
// Same content. Two works have the same content when their bytes are equal, or else their values are, as MongoDB
// compares them: the order of fields does not count at any level, numbers compare by value across int32, int64, double
// and decimal, NaN equals NaN, and every other type equals only itself. `_id` and `results.locked` do not count.
//
// Order. Results always come in descending order of their id, compared byte by byte; for ObjectId strings that is
// newest first. Top alone orders them by a field.
//
// Errors. errors.proto lists every reason for an error of this service, with its code and with what a client can do.
// What happened to a single work or id is in the response, not in an error.
//
// Callers. A server may require a token, as the metadata `authorization: Bearer <token>`, or a client certificate. If a
// call has both, the token counts. The server checks them when a call begins, and again for each request of a
// DepositStream and each part of a stream of results. A caller has a role, and each role includes the one before: a
// *reader* may call View, Top, Count, CountBy, Status, Info, GetBy…, GetLocked, GetLockedCount, Watch and History; a
// *depositor* Deposit and DepositStream; a *curator* Update, DeleteIds, Lock and Unlock, and may deposit works whose
// `results.locked` is true; an *admin* may call everything, ListIndexes, CreateIndex, DropIndex and DropPipeline
// included. A caller may be limited to some pipelines; Status then lists only those. The health service is open to all;
// reflection requires a token where the other methods do.
//
// Retries. Reads, Deposit, CreateIndex, DropIndex and DropPipeline may be repeated at any time. Update, DeleteIds, Lock
// and Unlock may be repeated with the same `request_id`: a request that was applied is answered as before, not applied
// again. Without a `request_id`, repeat them only when the error says that nothing was changed (`outcome: NOT_APPLIED`),
// or when repeating them is harmless.
//
// Writing a client
//
// Message sizes. Requests hold at most 32 MiB, for every method and each request of a stream. Responses hold at most
// 17 MiB, so set the limit for received messages to 17 MiB (most gRPC libraries default to 4): a batch of results aims
// at 1 MiB, but a single result may have 16 MiB, and the response to a Deposit of 100,000 works that are all rejected
// has 6 MB. Some libraries (connect-node) limit sent messages, too: set that to 32 MiB.
//
// Deposits. Send requests of about 1 MiB, with up to 4 in flight. On a DepositStream, keep up to 8 requests in flight;
// the server reads no further than that. Read acknowledgements while sending: a client that only sends stops when flow
// control has filled both directions. An idle stream stays open. It ends with UNAVAILABLE when the server stops or the
// connection reaches its greatest age.
//
// Deadlines. Set a deadline for every call except streams of results. A server spends at most `Limits.server_seconds`
// on a call that answers once, and on each batch of a stream.
//
// Broken streams. A stream of results is complete when a part with a summary has arrived. A stream that ends without
// one is broken, and so is one that ends with UNAVAILABLE, or with what the library reports for a connection that broke:
// UNAVAILABLE (grpc for C, Java and Python), also INTERNAL within a message (grpc for Go: "unexpected EOF") or of a stream
// that a proxy has reset ("RST_STREAM"), CANCELLED that the client has not caused (connect-node, and servers that stop),
// or UNKNOWN (tonic: "h2 protocol error"; grpc for Java: "channel closed", with a cause, which statuses of servers don't
// have).
// Resume it: send the same request with the last `resume_token` received. After any other error, and if the message was
// larger than the client accepts (RESOURCE_EXHAUSTED; OUT_OF_RANGE in tonic), it would fail again. A summary counts the
// results of its own stream; after a resumption, add up what all streams have sent. A resume token does not expire and
// is valid on every server of the same store.
//
// Back-off. Before each retry, wait a random time of up to 0.05 s, doubled each time up to 2 s, and at least the
// `retry_delay` of a google.rpc.RetryInfo in the error. service_config.json beside this file gives gRPC libraries such
// a policy for reads and Deposit. It does not cover streams that have begun, and gRPC does not retry calls whose
// messages exceed its buffer (256 KiB by default in most libraries), so a client for long streams and large deposits
// retries them itself.
//
// Keepalive. Ping at most every 10 s; every 30 s is a good choice, also without calls. More frequent pings end the
// connection with GOAWAY "too_many_pings". A connection takes 100 calls at a time; open further connections for more.
//
// Request ids. A `request_id` belongs to the caller that gave it and does not expire: the server remembers it with the
// history of the results that the request changed, which is kept. A refused request is not remembered. Requests are the
// same when their method, pipeline, reason, set of ids, and works in their order are the same, where works are compared
// as under "Same content": BSON and JSON, or another order of fields, make no difference. Requests without works or ids,
// and an Unlock without `force`, change nothing and ignore the `request_id`.

// Code generated by protoc-gen-go-grpc. DO NOT EDIT.
// versions:
// - protoc-gen-go-grpc v1.6.2
// - protoc             (unknown)
// source: workflow_results/v1/results.proto

package workflowresultsv1

import (
	context "context"
	grpc "google.golang.org/grpc"
	codes "google.golang.org/grpc/codes"
	status "google.golang.org/grpc/status"
)

// This is a compile-time assertion to ensure that this generated file
// is compatible with the grpc package it is being compiled against.
// Requires gRPC-Go v1.64.0 or later.
const _ = grpc.SupportPackageIsVersion9

const (
	ResultsService_Deposit_FullMethodName        = "/workflow_results.v1.ResultsService/Deposit"
	ResultsService_DepositStream_FullMethodName  = "/workflow_results.v1.ResultsService/DepositStream"
	ResultsService_Update_FullMethodName         = "/workflow_results.v1.ResultsService/Update"
	ResultsService_DeleteIds_FullMethodName      = "/workflow_results.v1.ResultsService/DeleteIds"
	ResultsService_View_FullMethodName           = "/workflow_results.v1.ResultsService/View"
	ResultsService_Count_FullMethodName          = "/workflow_results.v1.ResultsService/Count"
	ResultsService_Top_FullMethodName            = "/workflow_results.v1.ResultsService/Top"
	ResultsService_CountBy_FullMethodName        = "/workflow_results.v1.ResultsService/CountBy"
	ResultsService_Status_FullMethodName         = "/workflow_results.v1.ResultsService/Status"
	ResultsService_Info_FullMethodName           = "/workflow_results.v1.ResultsService/Info"
	ResultsService_GetByCount_FullMethodName     = "/workflow_results.v1.ResultsService/GetByCount"
	ResultsService_GetById_FullMethodName        = "/workflow_results.v1.ResultsService/GetById"
	ResultsService_GetByEvent_FullMethodName     = "/workflow_results.v1.ResultsService/GetByEvent"
	ResultsService_GetLocked_FullMethodName      = "/workflow_results.v1.ResultsService/GetLocked"
	ResultsService_Watch_FullMethodName          = "/workflow_results.v1.ResultsService/Watch"
	ResultsService_GetLockedCount_FullMethodName = "/workflow_results.v1.ResultsService/GetLockedCount"
	ResultsService_Lock_FullMethodName           = "/workflow_results.v1.ResultsService/Lock"
	ResultsService_Unlock_FullMethodName         = "/workflow_results.v1.ResultsService/Unlock"
	ResultsService_History_FullMethodName        = "/workflow_results.v1.ResultsService/History"
	ResultsService_ListIndexes_FullMethodName    = "/workflow_results.v1.ResultsService/ListIndexes"
	ResultsService_CreateIndex_FullMethodName    = "/workflow_results.v1.ResultsService/CreateIndex"
	ResultsService_DropIndex_FullMethodName      = "/workflow_results.v1.ResultsService/DropIndex"
	ResultsService_DropPipeline_FullMethodName   = "/workflow_results.v1.ResultsService/DropPipeline"
)

// ResultsServiceClient is the client API for ResultsService service.
//
// For semantics around ctx use and closing/ending streaming RPCs, please refer to https://pkg.go.dev/google.golang.org/grpc/?tab=doc#ClientConn.NewStream.
//
// Stores the results of scientific pipelines in MongoDB. Each method of the Python client `Results` is one RPC.
type ResultsServiceClient interface {
	// Stores works, with an outcome for each.
	//
	// Not atomic: every work that can be stored is stored, regardless of the others. Idempotent: a work that is already
	// stored with the same content is ALREADY_DEPOSITED, so any Deposit may be repeated. Nothing is overwritten.
	// DEPOSITED and ALREADY_DEPOSITED are durable: written to the journals of a majority of the replica set. Several
	// works with the same id are processed in their order. An empty list of works is valid. At most 100,000 works. The
	// first work of a pipeline creates it. While the limit of pipelines is reached, works of new pipelines are REJECTED
	// with TOO_MANY_PIPELINES, and all others are stored. The rejected ones may be deposited again later.
	Deposit(ctx context.Context, in *DepositRequest, opts ...grpc.CallOption) (*DepositResponse, error)
	// Deposits many requests over one stream; each is acknowledged by one response, in the order of the requests.
	//
	// Each request has the same effect as a Deposit. The client half-closes when it has sent everything, and the server
	// ends the stream after the last acknowledgement. If the stream breaks, the outcome of requests without a response is
	// unknown: send them again, on a new stream. An invalid request ends the stream with the error that Deposit would
	// give.
	DepositStream(ctx context.Context, opts ...grpc.CallOption) (grpc.BidiStreamingClient[DepositStreamRequest, DepositStreamResponse], error)
	// Sets the given top-level fields of each result named by the works' `pipeline` and `id`.
	//
	// All or nothing, in one transaction. Fields not given are kept; a given `results` is replaced whole. If a result
	// does not exist or is locked, the request is refused: nothing is changed, and `applied` is false. Never changes the
	// lock state. INVALID_ARGUMENT with the reason LOCK_STATE for a work whose `results.locked` is true, with the reason
	// of a Rejection for a work that breaks another rule, and with INVALID_REQUEST if two works name the same result.
	// FAILED_PRECONDITION with the reason TOO_LARGE if a result would become larger than a work may be. An empty list of
	// works is valid. At most 100,000 works.
	Update(ctx context.Context, in *UpdateRequest, opts ...grpc.CallOption) (*UpdateResponse, error)
	// Deletes results.
	//
	// All or nothing, in one transaction. If a result does not exist or is locked, the request is refused: nothing is
	// changed, and `applied` is false. An id named twice counts once. An empty list of ids is valid. At most 100,000 ids,
	// repetitions included.
	DeleteIds(ctx context.Context, in *DeleteIdsRequest, opts ...grpc.CallOption) (*DeleteIdsResponse, error)
	// Streams the results of a pipeline that match a MongoDB query.
	//
	// Sends one or more parts, the last one with a summary; a stream without a summary is incomplete. INVALID_ARGUMENT
	// with the reason INVALID_QUERY or INVALID_PROJECTION, and the path of the error, if an operator is not supported.
	View(ctx context.Context, in *ViewRequest, opts ...grpc.CallOption) (grpc.ServerStreamingClient[ViewResponse], error)
	// Counts the results of a pipeline that match a MongoDB query, exactly.
	//
	// Fast for queries on `id`, `event` and `results.locked`. Others scan the pipeline within the deadline;
	// DEADLINE_EXCEEDED if that is too short. Errors for queries as in View.
	Count(ctx context.Context, in *CountRequest, opts ...grpc.CallOption) (*CountResponse, error)
	// Streams the results of a pipeline with the highest or lowest values of a field.
	//
	// They come in the order of their values, and those with equal values in that of their ids, both descending or both
	// ascending. Results whose field is missing, not a number, or NaN, are left out. INVALID_ARGUMENT if the field is not a
	// field path, or the limit not from 1 to 10,000. Parts as in View, but without resume tokens: start a stream that
	// breaks again. The results are those that matched when the stream began; those deleted since are left out. Fast for
	// an indexed field; others scan the results that match the query, within the server's time for a batch.
	Top(ctx context.Context, in *TopRequest, opts ...grpc.CallOption) (grpc.ServerStreamingClient[TopResponse], error)
	// Counts the results of a pipeline by the values of a field.
	//
	// The most frequent values come first, at most 1,000 of them. A result whose field is an array counts for each
	// distinct element. Results without the field are left out. Values that are equal in MongoDB, like 1 and 1.0, count
	// together. Documents, arrays in arrays, and strings and binaries of more than 1,024 bytes are not told apart. Scans
	// the results that match the query, within the deadline. Errors for queries as in View.
	CountBy(ctx context.Context, in *CountByRequest, opts ...grpc.CallOption) (*CountByResponse, error)
	// Counts the results of every pipeline from MongoDB's metadata, at a cost that does not depend on how many there are.
	//
	// Exact except after an unclean shutdown of MongoDB. Pipelines without results are left out.
	Status(ctx context.Context, in *StatusRequest, opts ...grpc.CallOption) (*StatusResponse, error)
	// Returns the versions of server, API and MongoDB, and the limits of this server.
	Info(ctx context.Context, in *InfoRequest, opts ...grpc.CallOption) (*InfoResponse, error)
	// Streams the results of a pipeline with the highest ids; for ObjectId strings, the newest. Parts as in View.
	GetByCount(ctx context.Context, in *GetByCountRequest, opts ...grpc.CallOption) (grpc.ServerStreamingClient[GetByCountResponse], error)
	// Streams the results with the given ids. Parts as in View.
	//
	// Ids not found are left out; an id named twice counts once. An empty list of ids is valid. At most 100,000 ids,
	// repetitions included.
	GetById(ctx context.Context, in *GetByIdRequest, opts ...grpc.CallOption) (grpc.ServerStreamingClient[GetByIdResponse], error)
	// Streams the results whose field `event` contains a number, alone or among others. Parts as in View.
	GetByEvent(ctx context.Context, in *GetByEventRequest, opts ...grpc.CallOption) (grpc.ServerStreamingClient[GetByEventResponse], error)
	// Streams the locked results that have `results`, `plots` and `products`, each reduced to `id`, `event`, `plots`,
	// `products` and `results`. Parts as in View.
	GetLocked(ctx context.Context, in *GetLockedRequest, opts ...grpc.CallOption) (grpc.ServerStreamingClient[GetLockedResponse], error)
	// Streams the changes of results as they are made, each with the result as it is when the change is sent.
	//
	// The stream has no end. Its first response has no events and says that it has begun: every change that is made from
	// then on is sent. With `snapshot`, the results that are there come first, as EXISTING, then a response with
	// `snapshot_complete`, then the changes since the beginning of the stream. A result that was deposited and does not
	// match the query is not sent; one that was changed and does not match is sent as UNMATCHED, whether it matched before
	// or not. The events of a result come in the order in which they happened, and none has an older state of the result
	// than one before it. If a result changes several times in a moment, the events have the same state of it; the state
	// in between is not sent. An event may be sent twice, none is lost.
	//
	// If the stream breaks, send the same request with the last `resume_token`. The server sends a response, without
	// events if there are none, about every 15 s; a client that receives nothing for 60 s should treat the stream as
	// broken. FAILED_PRECONDITION with the reason RESUME_TOKEN_EXPIRED if the changes since the token are not known any
	// more, since MongoDB's oplog does not go back that far, an administrator has renamed a collection, replaced one by
	// $out or dropped the database, or it is another database; begin anew, with a snapshot. Errors for queries and
	// projections as in View; a query that cannot be evaluated for some values ends the stream when such a result comes.
	Watch(ctx context.Context, in *WatchRequest, opts ...grpc.CallOption) (grpc.ServerStreamingClient[WatchResponse], error)
	// Counts all locked results of a pipeline, exactly and fast.
	GetLockedCount(ctx context.Context, in *GetLockedCountRequest, opts ...grpc.CallOption) (*GetLockedCountResponse, error)
	// Locks results: sets `results.locked` to true, also where `results` is null or missing.
	//
	// All or nothing, in one transaction. If a result does not exist, the request is refused: nothing is changed, and
	// `applied` is false. Locking a locked result is fine. An empty list of ids is valid. At most 100,000 ids,
	// repetitions included.
	Lock(ctx context.Context, in *LockRequest, opts ...grpc.CallOption) (*LockResponse, error)
	// Unlocks results: sets `results.locked` of the locked ones to false. Without `force` it only counts them.
	//
	// All or nothing, in one transaction. If a result does not exist, the request is refused: nothing is changed, and
	// `applied` is false. Unlocking a result that is not locked is fine. An empty list of ids is valid. At most 100,000
	// ids, repetitions included.
	Unlock(ctx context.Context, in *UnlockRequest, opts ...grpc.CallOption) (*UnlockResponse, error)
	// Returns the changes of a result, the newest first: who updated, deleted, locked or unlocked it, when and why.
	//
	// Each Update, DeleteIds, Lock and Unlock that was applied is recorded in its own transaction, and no record is ever
	// changed. A deleted result keeps its history. A result that was never changed, or does not exist, has no entries.
	// Deposits are not recorded. Paged as in AIP-158: repeat the request with `next_page_token` until that is empty.
	History(ctx context.Context, in *HistoryRequest, opts ...grpc.CallOption) (*HistoryResponse, error)
	// Lists the indexes on fields of a pipeline. For admins.
	//
	// Those that every pipeline has, on the id, the event and locked results, are left out, and so is what an
	// administrator has made otherwise in MongoDB. A pipeline that does not exist has none.
	ListIndexes(ctx context.Context, in *ListIndexesRequest, opts ...grpc.CallOption) (*ListIndexesResponse, error)
	// Builds an index on a field, unless there is one. For admins.
	//
	// With it, Top and selective Counts and Views by this field take milliseconds instead of a scan, and CountBy without a
	// query about a tenth of the time; it then counts each value at a moment of its own. Each index makes deposits 25 to 40 % more expensive
	// for MongoDB, and takes memory and disk. At most 5 in a pipeline: FAILED_PRECONDITION with the reason
	// TOO_MANY_INDEXES; with PIPELINE_NOT_FOUND for a pipeline that does not exist; with INDEX_NOT_BUILT if it was dropped
	// meanwhile, or MongoDB can't build it. INVALID_ARGUMENT for the fields that have an index in every pipeline, and for
	// a path with a number in it, like `plots.0`. Deposits, updates and reads go on
	// while an index is built. If that takes longer than the call, `ready` of the response is false, and the server goes
	// on building; repeat the request to wait. If the server stops meanwhile, there is no index.
	CreateIndex(ctx context.Context, in *CreateIndexRequest, opts ...grpc.CallOption) (*CreateIndexResponse, error)
	// Drops the index on a field, or gives up building it. For admins.
	//
	// An index that does not exist is fine. If a response is lost and the request is repeated, `dropped` is false although
	// the index was dropped.
	DropIndex(ctx context.Context, in *DropIndexRequest, opts ...grpc.CallOption) (*DropIndexResponse, error)
	// Drops a pipeline that has no results left, which makes room for another one. For admins.
	//
	// The history of its results stays, and gets an entry for the pipeline itself. FAILED_PRECONDITION with the reason
	// PIPELINE_NOT_EMPTY if it has results: nothing is changed. Works that arrive at the same time are deposited either
	// before the drop, so that the pipeline is not empty, or after it, into a new one; none is lost. A pipeline that does
	// not exist is fine. If a response is lost and the request is repeated, `dropped` is false although the pipeline was
	// dropped.
	DropPipeline(ctx context.Context, in *DropPipelineRequest, opts ...grpc.CallOption) (*DropPipelineResponse, error)
}

type resultsServiceClient struct {
	cc grpc.ClientConnInterface
}

func NewResultsServiceClient(cc grpc.ClientConnInterface) ResultsServiceClient {
	return &resultsServiceClient{cc}
}

func (c *resultsServiceClient) Deposit(ctx context.Context, in *DepositRequest, opts ...grpc.CallOption) (*DepositResponse, error) {
	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
	out := new(DepositResponse)
	err := c.cc.Invoke(ctx, ResultsService_Deposit_FullMethodName, in, out, cOpts...)
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (c *resultsServiceClient) DepositStream(ctx context.Context, opts ...grpc.CallOption) (grpc.BidiStreamingClient[DepositStreamRequest, DepositStreamResponse], error) {
	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
	stream, err := c.cc.NewStream(ctx, &ResultsService_ServiceDesc.Streams[0], ResultsService_DepositStream_FullMethodName, cOpts...)
	if err != nil {
		return nil, err
	}
	x := &grpc.GenericClientStream[DepositStreamRequest, DepositStreamResponse]{ClientStream: stream}
	return x, nil
}

// This type alias is provided for backwards compatibility with existing code that references the prior non-generic stream type by name.
type ResultsService_DepositStreamClient = grpc.BidiStreamingClient[DepositStreamRequest, DepositStreamResponse]

func (c *resultsServiceClient) Update(ctx context.Context, in *UpdateRequest, opts ...grpc.CallOption) (*UpdateResponse, error) {
	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
	out := new(UpdateResponse)
	err := c.cc.Invoke(ctx, ResultsService_Update_FullMethodName, in, out, cOpts...)
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (c *resultsServiceClient) DeleteIds(ctx context.Context, in *DeleteIdsRequest, opts ...grpc.CallOption) (*DeleteIdsResponse, error) {
	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
	out := new(DeleteIdsResponse)
	err := c.cc.Invoke(ctx, ResultsService_DeleteIds_FullMethodName, in, out, cOpts...)
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (c *resultsServiceClient) View(ctx context.Context, in *ViewRequest, opts ...grpc.CallOption) (grpc.ServerStreamingClient[ViewResponse], error) {
	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
	stream, err := c.cc.NewStream(ctx, &ResultsService_ServiceDesc.Streams[1], ResultsService_View_FullMethodName, cOpts...)
	if err != nil {
		return nil, err
	}
	x := &grpc.GenericClientStream[ViewRequest, ViewResponse]{ClientStream: stream}
	if err := x.ClientStream.SendMsg(in); err != nil {
		return nil, err
	}
	if err := x.ClientStream.CloseSend(); err != nil {
		return nil, err
	}
	return x, nil
}

// This type alias is provided for backwards compatibility with existing code that references the prior non-generic stream type by name.
type ResultsService_ViewClient = grpc.ServerStreamingClient[ViewResponse]

func (c *resultsServiceClient) Count(ctx context.Context, in *CountRequest, opts ...grpc.CallOption) (*CountResponse, error) {
	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
	out := new(CountResponse)
	err := c.cc.Invoke(ctx, ResultsService_Count_FullMethodName, in, out, cOpts...)
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (c *resultsServiceClient) Top(ctx context.Context, in *TopRequest, opts ...grpc.CallOption) (grpc.ServerStreamingClient[TopResponse], error) {
	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
	stream, err := c.cc.NewStream(ctx, &ResultsService_ServiceDesc.Streams[2], ResultsService_Top_FullMethodName, cOpts...)
	if err != nil {
		return nil, err
	}
	x := &grpc.GenericClientStream[TopRequest, TopResponse]{ClientStream: stream}
	if err := x.ClientStream.SendMsg(in); err != nil {
		return nil, err
	}
	if err := x.ClientStream.CloseSend(); err != nil {
		return nil, err
	}
	return x, nil
}

// This type alias is provided for backwards compatibility with existing code that references the prior non-generic stream type by name.
type ResultsService_TopClient = grpc.ServerStreamingClient[TopResponse]

func (c *resultsServiceClient) CountBy(ctx context.Context, in *CountByRequest, opts ...grpc.CallOption) (*CountByResponse, error) {
	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
	out := new(CountByResponse)
	err := c.cc.Invoke(ctx, ResultsService_CountBy_FullMethodName, in, out, cOpts...)
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (c *resultsServiceClient) Status(ctx context.Context, in *StatusRequest, opts ...grpc.CallOption) (*StatusResponse, error) {
	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
	out := new(StatusResponse)
	err := c.cc.Invoke(ctx, ResultsService_Status_FullMethodName, in, out, cOpts...)
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (c *resultsServiceClient) Info(ctx context.Context, in *InfoRequest, opts ...grpc.CallOption) (*InfoResponse, error) {
	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
	out := new(InfoResponse)
	err := c.cc.Invoke(ctx, ResultsService_Info_FullMethodName, in, out, cOpts...)
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (c *resultsServiceClient) GetByCount(ctx context.Context, in *GetByCountRequest, opts ...grpc.CallOption) (grpc.ServerStreamingClient[GetByCountResponse], error) {
	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
	stream, err := c.cc.NewStream(ctx, &ResultsService_ServiceDesc.Streams[3], ResultsService_GetByCount_FullMethodName, cOpts...)
	if err != nil {
		return nil, err
	}
	x := &grpc.GenericClientStream[GetByCountRequest, GetByCountResponse]{ClientStream: stream}
	if err := x.ClientStream.SendMsg(in); err != nil {
		return nil, err
	}
	if err := x.ClientStream.CloseSend(); err != nil {
		return nil, err
	}
	return x, nil
}

// This type alias is provided for backwards compatibility with existing code that references the prior non-generic stream type by name.
type ResultsService_GetByCountClient = grpc.ServerStreamingClient[GetByCountResponse]

func (c *resultsServiceClient) GetById(ctx context.Context, in *GetByIdRequest, opts ...grpc.CallOption) (grpc.ServerStreamingClient[GetByIdResponse], error) {
	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
	stream, err := c.cc.NewStream(ctx, &ResultsService_ServiceDesc.Streams[4], ResultsService_GetById_FullMethodName, cOpts...)
	if err != nil {
		return nil, err
	}
	x := &grpc.GenericClientStream[GetByIdRequest, GetByIdResponse]{ClientStream: stream}
	if err := x.ClientStream.SendMsg(in); err != nil {
		return nil, err
	}
	if err := x.ClientStream.CloseSend(); err != nil {
		return nil, err
	}
	return x, nil
}

// This type alias is provided for backwards compatibility with existing code that references the prior non-generic stream type by name.
type ResultsService_GetByIdClient = grpc.ServerStreamingClient[GetByIdResponse]

func (c *resultsServiceClient) GetByEvent(ctx context.Context, in *GetByEventRequest, opts ...grpc.CallOption) (grpc.ServerStreamingClient[GetByEventResponse], error) {
	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
	stream, err := c.cc.NewStream(ctx, &ResultsService_ServiceDesc.Streams[5], ResultsService_GetByEvent_FullMethodName, cOpts...)
	if err != nil {
		return nil, err
	}
	x := &grpc.GenericClientStream[GetByEventRequest, GetByEventResponse]{ClientStream: stream}
	if err := x.ClientStream.SendMsg(in); err != nil {
		return nil, err
	}
	if err := x.ClientStream.CloseSend(); err != nil {
		return nil, err
	}
	return x, nil
}

// This type alias is provided for backwards compatibility with existing code that references the prior non-generic stream type by name.
type ResultsService_GetByEventClient = grpc.ServerStreamingClient[GetByEventResponse]

func (c *resultsServiceClient) GetLocked(ctx context.Context, in *GetLockedRequest, opts ...grpc.CallOption) (grpc.ServerStreamingClient[GetLockedResponse], error) {
	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
	stream, err := c.cc.NewStream(ctx, &ResultsService_ServiceDesc.Streams[6], ResultsService_GetLocked_FullMethodName, cOpts...)
	if err != nil {
		return nil, err
	}
	x := &grpc.GenericClientStream[GetLockedRequest, GetLockedResponse]{ClientStream: stream}
	if err := x.ClientStream.SendMsg(in); err != nil {
		return nil, err
	}
	if err := x.ClientStream.CloseSend(); err != nil {
		return nil, err
	}
	return x, nil
}

// This type alias is provided for backwards compatibility with existing code that references the prior non-generic stream type by name.
type ResultsService_GetLockedClient = grpc.ServerStreamingClient[GetLockedResponse]

func (c *resultsServiceClient) Watch(ctx context.Context, in *WatchRequest, opts ...grpc.CallOption) (grpc.ServerStreamingClient[WatchResponse], error) {
	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
	stream, err := c.cc.NewStream(ctx, &ResultsService_ServiceDesc.Streams[7], ResultsService_Watch_FullMethodName, cOpts...)
	if err != nil {
		return nil, err
	}
	x := &grpc.GenericClientStream[WatchRequest, WatchResponse]{ClientStream: stream}
	if err := x.ClientStream.SendMsg(in); err != nil {
		return nil, err
	}
	if err := x.ClientStream.CloseSend(); err != nil {
		return nil, err
	}
	return x, nil
}

// This type alias is provided for backwards compatibility with existing code that references the prior non-generic stream type by name.
type ResultsService_WatchClient = grpc.ServerStreamingClient[WatchResponse]

func (c *resultsServiceClient) GetLockedCount(ctx context.Context, in *GetLockedCountRequest, opts ...grpc.CallOption) (*GetLockedCountResponse, error) {
	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
	out := new(GetLockedCountResponse)
	err := c.cc.Invoke(ctx, ResultsService_GetLockedCount_FullMethodName, in, out, cOpts...)
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (c *resultsServiceClient) Lock(ctx context.Context, in *LockRequest, opts ...grpc.CallOption) (*LockResponse, error) {
	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
	out := new(LockResponse)
	err := c.cc.Invoke(ctx, ResultsService_Lock_FullMethodName, in, out, cOpts...)
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (c *resultsServiceClient) Unlock(ctx context.Context, in *UnlockRequest, opts ...grpc.CallOption) (*UnlockResponse, error) {
	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
	out := new(UnlockResponse)
	err := c.cc.Invoke(ctx, ResultsService_Unlock_FullMethodName, in, out, cOpts...)
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (c *resultsServiceClient) History(ctx context.Context, in *HistoryRequest, opts ...grpc.CallOption) (*HistoryResponse, error) {
	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
	out := new(HistoryResponse)
	err := c.cc.Invoke(ctx, ResultsService_History_FullMethodName, in, out, cOpts...)
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (c *resultsServiceClient) ListIndexes(ctx context.Context, in *ListIndexesRequest, opts ...grpc.CallOption) (*ListIndexesResponse, error) {
	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
	out := new(ListIndexesResponse)
	err := c.cc.Invoke(ctx, ResultsService_ListIndexes_FullMethodName, in, out, cOpts...)
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (c *resultsServiceClient) CreateIndex(ctx context.Context, in *CreateIndexRequest, opts ...grpc.CallOption) (*CreateIndexResponse, error) {
	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
	out := new(CreateIndexResponse)
	err := c.cc.Invoke(ctx, ResultsService_CreateIndex_FullMethodName, in, out, cOpts...)
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (c *resultsServiceClient) DropIndex(ctx context.Context, in *DropIndexRequest, opts ...grpc.CallOption) (*DropIndexResponse, error) {
	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
	out := new(DropIndexResponse)
	err := c.cc.Invoke(ctx, ResultsService_DropIndex_FullMethodName, in, out, cOpts...)
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (c *resultsServiceClient) DropPipeline(ctx context.Context, in *DropPipelineRequest, opts ...grpc.CallOption) (*DropPipelineResponse, error) {
	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
	out := new(DropPipelineResponse)
	err := c.cc.Invoke(ctx, ResultsService_DropPipeline_FullMethodName, in, out, cOpts...)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ResultsServiceServer is the server API for ResultsService service.
// All implementations must embed UnimplementedResultsServiceServer
// for forward compatibility.
//
// Stores the results of scientific pipelines in MongoDB. Each method of the Python client `Results` is one RPC.
type ResultsServiceServer interface {
	// Stores works, with an outcome for each.
	//
	// Not atomic: every work that can be stored is stored, regardless of the others. Idempotent: a work that is already
	// stored with the same content is ALREADY_DEPOSITED, so any Deposit may be repeated. Nothing is overwritten.
	// DEPOSITED and ALREADY_DEPOSITED are durable: written to the journals of a majority of the replica set. Several
	// works with the same id are processed in their order. An empty list of works is valid. At most 100,000 works. The
	// first work of a pipeline creates it. While the limit of pipelines is reached, works of new pipelines are REJECTED
	// with TOO_MANY_PIPELINES, and all others are stored. The rejected ones may be deposited again later.
	Deposit(context.Context, *DepositRequest) (*DepositResponse, error)
	// Deposits many requests over one stream; each is acknowledged by one response, in the order of the requests.
	//
	// Each request has the same effect as a Deposit. The client half-closes when it has sent everything, and the server
	// ends the stream after the last acknowledgement. If the stream breaks, the outcome of requests without a response is
	// unknown: send them again, on a new stream. An invalid request ends the stream with the error that Deposit would
	// give.
	DepositStream(grpc.BidiStreamingServer[DepositStreamRequest, DepositStreamResponse]) error
	// Sets the given top-level fields of each result named by the works' `pipeline` and `id`.
	//
	// All or nothing, in one transaction. Fields not given are kept; a given `results` is replaced whole. If a result
	// does not exist or is locked, the request is refused: nothing is changed, and `applied` is false. Never changes the
	// lock state. INVALID_ARGUMENT with the reason LOCK_STATE for a work whose `results.locked` is true, with the reason
	// of a Rejection for a work that breaks another rule, and with INVALID_REQUEST if two works name the same result.
	// FAILED_PRECONDITION with the reason TOO_LARGE if a result would become larger than a work may be. An empty list of
	// works is valid. At most 100,000 works.
	Update(context.Context, *UpdateRequest) (*UpdateResponse, error)
	// Deletes results.
	//
	// All or nothing, in one transaction. If a result does not exist or is locked, the request is refused: nothing is
	// changed, and `applied` is false. An id named twice counts once. An empty list of ids is valid. At most 100,000 ids,
	// repetitions included.
	DeleteIds(context.Context, *DeleteIdsRequest) (*DeleteIdsResponse, error)
	// Streams the results of a pipeline that match a MongoDB query.
	//
	// Sends one or more parts, the last one with a summary; a stream without a summary is incomplete. INVALID_ARGUMENT
	// with the reason INVALID_QUERY or INVALID_PROJECTION, and the path of the error, if an operator is not supported.
	View(*ViewRequest, grpc.ServerStreamingServer[ViewResponse]) error
	// Counts the results of a pipeline that match a MongoDB query, exactly.
	//
	// Fast for queries on `id`, `event` and `results.locked`. Others scan the pipeline within the deadline;
	// DEADLINE_EXCEEDED if that is too short. Errors for queries as in View.
	Count(context.Context, *CountRequest) (*CountResponse, error)
	// Streams the results of a pipeline with the highest or lowest values of a field.
	//
	// They come in the order of their values, and those with equal values in that of their ids, both descending or both
	// ascending. Results whose field is missing, not a number, or NaN, are left out. INVALID_ARGUMENT if the field is not a
	// field path, or the limit not from 1 to 10,000. Parts as in View, but without resume tokens: start a stream that
	// breaks again. The results are those that matched when the stream began; those deleted since are left out. Fast for
	// an indexed field; others scan the results that match the query, within the server's time for a batch.
	Top(*TopRequest, grpc.ServerStreamingServer[TopResponse]) error
	// Counts the results of a pipeline by the values of a field.
	//
	// The most frequent values come first, at most 1,000 of them. A result whose field is an array counts for each
	// distinct element. Results without the field are left out. Values that are equal in MongoDB, like 1 and 1.0, count
	// together. Documents, arrays in arrays, and strings and binaries of more than 1,024 bytes are not told apart. Scans
	// the results that match the query, within the deadline. Errors for queries as in View.
	CountBy(context.Context, *CountByRequest) (*CountByResponse, error)
	// Counts the results of every pipeline from MongoDB's metadata, at a cost that does not depend on how many there are.
	//
	// Exact except after an unclean shutdown of MongoDB. Pipelines without results are left out.
	Status(context.Context, *StatusRequest) (*StatusResponse, error)
	// Returns the versions of server, API and MongoDB, and the limits of this server.
	Info(context.Context, *InfoRequest) (*InfoResponse, error)
	// Streams the results of a pipeline with the highest ids; for ObjectId strings, the newest. Parts as in View.
	GetByCount(*GetByCountRequest, grpc.ServerStreamingServer[GetByCountResponse]) error
	// Streams the results with the given ids. Parts as in View.
	//
	// Ids not found are left out; an id named twice counts once. An empty list of ids is valid. At most 100,000 ids,
	// repetitions included.
	GetById(*GetByIdRequest, grpc.ServerStreamingServer[GetByIdResponse]) error
	// Streams the results whose field `event` contains a number, alone or among others. Parts as in View.
	GetByEvent(*GetByEventRequest, grpc.ServerStreamingServer[GetByEventResponse]) error
	// Streams the locked results that have `results`, `plots` and `products`, each reduced to `id`, `event`, `plots`,
	// `products` and `results`. Parts as in View.
	GetLocked(*GetLockedRequest, grpc.ServerStreamingServer[GetLockedResponse]) error
	// Streams the changes of results as they are made, each with the result as it is when the change is sent.
	//
	// The stream has no end. Its first response has no events and says that it has begun: every change that is made from
	// then on is sent. With `snapshot`, the results that are there come first, as EXISTING, then a response with
	// `snapshot_complete`, then the changes since the beginning of the stream. A result that was deposited and does not
	// match the query is not sent; one that was changed and does not match is sent as UNMATCHED, whether it matched before
	// or not. The events of a result come in the order in which they happened, and none has an older state of the result
	// than one before it. If a result changes several times in a moment, the events have the same state of it; the state
	// in between is not sent. An event may be sent twice, none is lost.
	//
	// If the stream breaks, send the same request with the last `resume_token`. The server sends a response, without
	// events if there are none, about every 15 s; a client that receives nothing for 60 s should treat the stream as
	// broken. FAILED_PRECONDITION with the reason RESUME_TOKEN_EXPIRED if the changes since the token are not known any
	// more, since MongoDB's oplog does not go back that far, an administrator has renamed a collection, replaced one by
	// $out or dropped the database, or it is another database; begin anew, with a snapshot. Errors for queries and
	// projections as in View; a query that cannot be evaluated for some values ends the stream when such a result comes.
	Watch(*WatchRequest, grpc.ServerStreamingServer[WatchResponse]) error
	// Counts all locked results of a pipeline, exactly and fast.
	GetLockedCount(context.Context, *GetLockedCountRequest) (*GetLockedCountResponse, error)
	// Locks results: sets `results.locked` to true, also where `results` is null or missing.
	//
	// All or nothing, in one transaction. If a result does not exist, the request is refused: nothing is changed, and
	// `applied` is false. Locking a locked result is fine. An empty list of ids is valid. At most 100,000 ids,
	// repetitions included.
	Lock(context.Context, *LockRequest) (*LockResponse, error)
	// Unlocks results: sets `results.locked` of the locked ones to false. Without `force` it only counts them.
	//
	// All or nothing, in one transaction. If a result does not exist, the request is refused: nothing is changed, and
	// `applied` is false. Unlocking a result that is not locked is fine. An empty list of ids is valid. At most 100,000
	// ids, repetitions included.
	Unlock(context.Context, *UnlockRequest) (*UnlockResponse, error)
	// Returns the changes of a result, the newest first: who updated, deleted, locked or unlocked it, when and why.
	//
	// Each Update, DeleteIds, Lock and Unlock that was applied is recorded in its own transaction, and no record is ever
	// changed. A deleted result keeps its history. A result that was never changed, or does not exist, has no entries.
	// Deposits are not recorded. Paged as in AIP-158: repeat the request with `next_page_token` until that is empty.
	History(context.Context, *HistoryRequest) (*HistoryResponse, error)
	// Lists the indexes on fields of a pipeline. For admins.
	//
	// Those that every pipeline has, on the id, the event and locked results, are left out, and so is what an
	// administrator has made otherwise in MongoDB. A pipeline that does not exist has none.
	ListIndexes(context.Context, *ListIndexesRequest) (*ListIndexesResponse, error)
	// Builds an index on a field, unless there is one. For admins.
	//
	// With it, Top and selective Counts and Views by this field take milliseconds instead of a scan, and CountBy without a
	// query about a tenth of the time; it then counts each value at a moment of its own. Each index makes deposits 25 to 40 % more expensive
	// for MongoDB, and takes memory and disk. At most 5 in a pipeline: FAILED_PRECONDITION with the reason
	// TOO_MANY_INDEXES; with PIPELINE_NOT_FOUND for a pipeline that does not exist; with INDEX_NOT_BUILT if it was dropped
	// meanwhile, or MongoDB can't build it. INVALID_ARGUMENT for the fields that have an index in every pipeline, and for
	// a path with a number in it, like `plots.0`. Deposits, updates and reads go on
	// while an index is built. If that takes longer than the call, `ready` of the response is false, and the server goes
	// on building; repeat the request to wait. If the server stops meanwhile, there is no index.
	CreateIndex(context.Context, *CreateIndexRequest) (*CreateIndexResponse, error)
	// Drops the index on a field, or gives up building it. For admins.
	//
	// An index that does not exist is fine. If a response is lost and the request is repeated, `dropped` is false although
	// the index was dropped.
	DropIndex(context.Context, *DropIndexRequest) (*DropIndexResponse, error)
	// Drops a pipeline that has no results left, which makes room for another one. For admins.
	//
	// The history of its results stays, and gets an entry for the pipeline itself. FAILED_PRECONDITION with the reason
	// PIPELINE_NOT_EMPTY if it has results: nothing is changed. Works that arrive at the same time are deposited either
	// before the drop, so that the pipeline is not empty, or after it, into a new one; none is lost. A pipeline that does
	// not exist is fine. If a response is lost and the request is repeated, `dropped` is false although the pipeline was
	// dropped.
	DropPipeline(context.Context, *DropPipelineRequest) (*DropPipelineResponse, error)
	mustEmbedUnimplementedResultsServiceServer()
}

// UnimplementedResultsServiceServer must be embedded to have
// forward compatible implementations.
//
// NOTE: this should be embedded by value instead of pointer to avoid a nil
// pointer dereference when methods are called.
type UnimplementedResultsServiceServer struct{}

func (UnimplementedResultsServiceServer) Deposit(context.Context, *DepositRequest) (*DepositResponse, error) {
	return nil, status.Error(codes.Unimplemented, "method Deposit not implemented")
}
func (UnimplementedResultsServiceServer) DepositStream(grpc.BidiStreamingServer[DepositStreamRequest, DepositStreamResponse]) error {
	return status.Error(codes.Unimplemented, "method DepositStream not implemented")
}
func (UnimplementedResultsServiceServer) Update(context.Context, *UpdateRequest) (*UpdateResponse, error) {
	return nil, status.Error(codes.Unimplemented, "method Update not implemented")
}
func (UnimplementedResultsServiceServer) DeleteIds(context.Context, *DeleteIdsRequest) (*DeleteIdsResponse, error) {
	return nil, status.Error(codes.Unimplemented, "method DeleteIds not implemented")
}
func (UnimplementedResultsServiceServer) View(*ViewRequest, grpc.ServerStreamingServer[ViewResponse]) error {
	return status.Error(codes.Unimplemented, "method View not implemented")
}
func (UnimplementedResultsServiceServer) Count(context.Context, *CountRequest) (*CountResponse, error) {
	return nil, status.Error(codes.Unimplemented, "method Count not implemented")
}
func (UnimplementedResultsServiceServer) Top(*TopRequest, grpc.ServerStreamingServer[TopResponse]) error {
	return status.Error(codes.Unimplemented, "method Top not implemented")
}
func (UnimplementedResultsServiceServer) CountBy(context.Context, *CountByRequest) (*CountByResponse, error) {
	return nil, status.Error(codes.Unimplemented, "method CountBy not implemented")
}
func (UnimplementedResultsServiceServer) Status(context.Context, *StatusRequest) (*StatusResponse, error) {
	return nil, status.Error(codes.Unimplemented, "method Status not implemented")
}
func (UnimplementedResultsServiceServer) Info(context.Context, *InfoRequest) (*InfoResponse, error) {
	return nil, status.Error(codes.Unimplemented, "method Info not implemented")
}
func (UnimplementedResultsServiceServer) GetByCount(*GetByCountRequest, grpc.ServerStreamingServer[GetByCountResponse]) error {
	return status.Error(codes.Unimplemented, "method GetByCount not implemented")
}
func (UnimplementedResultsServiceServer) GetById(*GetByIdRequest, grpc.ServerStreamingServer[GetByIdResponse]) error {
	return status.Error(codes.Unimplemented, "method GetById not implemented")
}
func (UnimplementedResultsServiceServer) GetByEvent(*GetByEventRequest, grpc.ServerStreamingServer[GetByEventResponse]) error {
	return status.Error(codes.Unimplemented, "method GetByEvent not implemented")
}
func (UnimplementedResultsServiceServer) GetLocked(*GetLockedRequest, grpc.ServerStreamingServer[GetLockedResponse]) error {
	return status.Error(codes.Unimplemented, "method GetLocked not implemented")
}
func (UnimplementedResultsServiceServer) Watch(*WatchRequest, grpc.ServerStreamingServer[WatchResponse]) error {
	return status.Error(codes.Unimplemented, "method Watch not implemented")
}
func (UnimplementedResultsServiceServer) GetLockedCount(context.Context, *GetLockedCountRequest) (*GetLockedCountResponse, error) {
	return nil, status.Error(codes.Unimplemented, "method GetLockedCount not implemented")
}
func (UnimplementedResultsServiceServer) Lock(context.Context, *LockRequest) (*LockResponse, error) {
	return nil, status.Error(codes.Unimplemented, "method Lock not implemented")
}
func (UnimplementedResultsServiceServer) Unlock(context.Context, *UnlockRequest) (*UnlockResponse, error) {
	return nil, status.Error(codes.Unimplemented, "method Unlock not implemented")
}
func (UnimplementedResultsServiceServer) History(context.Context, *HistoryRequest) (*HistoryResponse, error) {
	return nil, status.Error(codes.Unimplemented, "method History not implemented")
}
func (UnimplementedResultsServiceServer) ListIndexes(context.Context, *ListIndexesRequest) (*ListIndexesResponse, error) {
	return nil, status.Error(codes.Unimplemented, "method ListIndexes not implemented")
}
func (UnimplementedResultsServiceServer) CreateIndex(context.Context, *CreateIndexRequest) (*CreateIndexResponse, error) {
	return nil, status.Error(codes.Unimplemented, "method CreateIndex not implemented")
}
func (UnimplementedResultsServiceServer) DropIndex(context.Context, *DropIndexRequest) (*DropIndexResponse, error) {
	return nil, status.Error(codes.Unimplemented, "method DropIndex not implemented")
}
func (UnimplementedResultsServiceServer) DropPipeline(context.Context, *DropPipelineRequest) (*DropPipelineResponse, error) {
	return nil, status.Error(codes.Unimplemented, "method DropPipeline not implemented")
}
func (UnimplementedResultsServiceServer) mustEmbedUnimplementedResultsServiceServer() {}
func (UnimplementedResultsServiceServer) testEmbeddedByValue()                        {}

// UnsafeResultsServiceServer may be embedded to opt out of forward compatibility for this service.
// Use of this interface is not recommended, as added methods to ResultsServiceServer will
// result in compilation errors.
type UnsafeResultsServiceServer interface {
	mustEmbedUnimplementedResultsServiceServer()
}

func RegisterResultsServiceServer(s grpc.ServiceRegistrar, srv ResultsServiceServer) {
	// If the following call panics, it indicates UnimplementedResultsServiceServer was
	// embedded by pointer and is nil.  This will cause panics if an
	// unimplemented method is ever invoked, so we test this at initialization
	// time to prevent it from happening at runtime later due to I/O.
	if t, ok := srv.(interface{ testEmbeddedByValue() }); ok {
		t.testEmbeddedByValue()
	}
	s.RegisterService(&ResultsService_ServiceDesc, srv)
}

func _ResultsService_Deposit_Handler(srv interface{}, ctx context.Context, dec func(interface{}) error, interceptor grpc.UnaryServerInterceptor) (interface{}, error) {
	in := new(DepositRequest)
	if err := dec(in); err != nil {
		return nil, err
	}
	if interceptor == nil {
		return srv.(ResultsServiceServer).Deposit(ctx, in)
	}
	info := &grpc.UnaryServerInfo{
		Server:     srv,
		FullMethod: ResultsService_Deposit_FullMethodName,
	}
	handler := func(ctx context.Context, req interface{}) (interface{}, error) {
		return srv.(ResultsServiceServer).Deposit(ctx, req.(*DepositRequest))
	}
	return interceptor(ctx, in, info, handler)
}

func _ResultsService_DepositStream_Handler(srv interface{}, stream grpc.ServerStream) error {
	return srv.(ResultsServiceServer).DepositStream(&grpc.GenericServerStream[DepositStreamRequest, DepositStreamResponse]{ServerStream: stream})
}

// This type alias is provided for backwards compatibility with existing code that references the prior non-generic stream type by name.
type ResultsService_DepositStreamServer = grpc.BidiStreamingServer[DepositStreamRequest, DepositStreamResponse]

func _ResultsService_Update_Handler(srv interface{}, ctx context.Context, dec func(interface{}) error, interceptor grpc.UnaryServerInterceptor) (interface{}, error) {
	in := new(UpdateRequest)
	if err := dec(in); err != nil {
		return nil, err
	}
	if interceptor == nil {
		return srv.(ResultsServiceServer).Update(ctx, in)
	}
	info := &grpc.UnaryServerInfo{
		Server:     srv,
		FullMethod: ResultsService_Update_FullMethodName,
	}
	handler := func(ctx context.Context, req interface{}) (interface{}, error) {
		return srv.(ResultsServiceServer).Update(ctx, req.(*UpdateRequest))
	}
	return interceptor(ctx, in, info, handler)
}

func _ResultsService_DeleteIds_Handler(srv interface{}, ctx context.Context, dec func(interface{}) error, interceptor grpc.UnaryServerInterceptor) (interface{}, error) {
	in := new(DeleteIdsRequest)
	if err := dec(in); err != nil {
		return nil, err
	}
	if interceptor == nil {
		return srv.(ResultsServiceServer).DeleteIds(ctx, in)
	}
	info := &grpc.UnaryServerInfo{
		Server:     srv,
		FullMethod: ResultsService_DeleteIds_FullMethodName,
	}
	handler := func(ctx context.Context, req interface{}) (interface{}, error) {
		return srv.(ResultsServiceServer).DeleteIds(ctx, req.(*DeleteIdsRequest))
	}
	return interceptor(ctx, in, info, handler)
}

func _ResultsService_View_Handler(srv interface{}, stream grpc.ServerStream) error {
	m := new(ViewRequest)
	if err := stream.RecvMsg(m); err != nil {
		return err
	}
	return srv.(ResultsServiceServer).View(m, &grpc.GenericServerStream[ViewRequest, ViewResponse]{ServerStream: stream})
}

// This type alias is provided for backwards compatibility with existing code that references the prior non-generic stream type by name.
type ResultsService_ViewServer = grpc.ServerStreamingServer[ViewResponse]

func _ResultsService_Count_Handler(srv interface{}, ctx context.Context, dec func(interface{}) error, interceptor grpc.UnaryServerInterceptor) (interface{}, error) {
	in := new(CountRequest)
	if err := dec(in); err != nil {
		return nil, err
	}
	if interceptor == nil {
		return srv.(ResultsServiceServer).Count(ctx, in)
	}
	info := &grpc.UnaryServerInfo{
		Server:     srv,
		FullMethod: ResultsService_Count_FullMethodName,
	}
	handler := func(ctx context.Context, req interface{}) (interface{}, error) {
		return srv.(ResultsServiceServer).Count(ctx, req.(*CountRequest))
	}
	return interceptor(ctx, in, info, handler)
}

func _ResultsService_Top_Handler(srv interface{}, stream grpc.ServerStream) error {
	m := new(TopRequest)
	if err := stream.RecvMsg(m); err != nil {
		return err
	}
	return srv.(ResultsServiceServer).Top(m, &grpc.GenericServerStream[TopRequest, TopResponse]{ServerStream: stream})
}

// This type alias is provided for backwards compatibility with existing code that references the prior non-generic stream type by name.
type ResultsService_TopServer = grpc.ServerStreamingServer[TopResponse]

func _ResultsService_CountBy_Handler(srv interface{}, ctx context.Context, dec func(interface{}) error, interceptor grpc.UnaryServerInterceptor) (interface{}, error) {
	in := new(CountByRequest)
	if err := dec(in); err != nil {
		return nil, err
	}
	if interceptor == nil {
		return srv.(ResultsServiceServer).CountBy(ctx, in)
	}
	info := &grpc.UnaryServerInfo{
		Server:     srv,
		FullMethod: ResultsService_CountBy_FullMethodName,
	}
	handler := func(ctx context.Context, req interface{}) (interface{}, error) {
		return srv.(ResultsServiceServer).CountBy(ctx, req.(*CountByRequest))
	}
	return interceptor(ctx, in, info, handler)
}

func _ResultsService_Status_Handler(srv interface{}, ctx context.Context, dec func(interface{}) error, interceptor grpc.UnaryServerInterceptor) (interface{}, error) {
	in := new(StatusRequest)
	if err := dec(in); err != nil {
		return nil, err
	}
	if interceptor == nil {
		return srv.(ResultsServiceServer).Status(ctx, in)
	}
	info := &grpc.UnaryServerInfo{
		Server:     srv,
		FullMethod: ResultsService_Status_FullMethodName,
	}
	handler := func(ctx context.Context, req interface{}) (interface{}, error) {
		return srv.(ResultsServiceServer).Status(ctx, req.(*StatusRequest))
	}
	return interceptor(ctx, in, info, handler)
}

func _ResultsService_Info_Handler(srv interface{}, ctx context.Context, dec func(interface{}) error, interceptor grpc.UnaryServerInterceptor) (interface{}, error) {
	in := new(InfoRequest)
	if err := dec(in); err != nil {
		return nil, err
	}
	if interceptor == nil {
		return srv.(ResultsServiceServer).Info(ctx, in)
	}
	info := &grpc.UnaryServerInfo{
		Server:     srv,
		FullMethod: ResultsService_Info_FullMethodName,
	}
	handler := func(ctx context.Context, req interface{}) (interface{}, error) {
		return srv.(ResultsServiceServer).Info(ctx, req.(*InfoRequest))
	}
	return interceptor(ctx, in, info, handler)
}

func _ResultsService_GetByCount_Handler(srv interface{}, stream grpc.ServerStream) error {
	m := new(GetByCountRequest)
	if err := stream.RecvMsg(m); err != nil {
		return err
	}
	return srv.(ResultsServiceServer).GetByCount(m, &grpc.GenericServerStream[GetByCountRequest, GetByCountResponse]{ServerStream: stream})
}

// This type alias is provided for backwards compatibility with existing code that references the prior non-generic stream type by name.
type ResultsService_GetByCountServer = grpc.ServerStreamingServer[GetByCountResponse]

func _ResultsService_GetById_Handler(srv interface{}, stream grpc.ServerStream) error {
	m := new(GetByIdRequest)
	if err := stream.RecvMsg(m); err != nil {
		return err
	}
	return srv.(ResultsServiceServer).GetById(m, &grpc.GenericServerStream[GetByIdRequest, GetByIdResponse]{ServerStream: stream})
}

// This type alias is provided for backwards compatibility with existing code that references the prior non-generic stream type by name.
type ResultsService_GetByIdServer = grpc.ServerStreamingServer[GetByIdResponse]

func _ResultsService_GetByEvent_Handler(srv interface{}, stream grpc.ServerStream) error {
	m := new(GetByEventRequest)
	if err := stream.RecvMsg(m); err != nil {
		return err
	}
	return srv.(ResultsServiceServer).GetByEvent(m, &grpc.GenericServerStream[GetByEventRequest, GetByEventResponse]{ServerStream: stream})
}

// This type alias is provided for backwards compatibility with existing code that references the prior non-generic stream type by name.
type ResultsService_GetByEventServer = grpc.ServerStreamingServer[GetByEventResponse]

func _ResultsService_GetLocked_Handler(srv interface{}, stream grpc.ServerStream) error {
	m := new(GetLockedRequest)
	if err := stream.RecvMsg(m); err != nil {
		return err
	}
	return srv.(ResultsServiceServer).GetLocked(m, &grpc.GenericServerStream[GetLockedRequest, GetLockedResponse]{ServerStream: stream})
}

// This type alias is provided for backwards compatibility with existing code that references the prior non-generic stream type by name.
type ResultsService_GetLockedServer = grpc.ServerStreamingServer[GetLockedResponse]

func _ResultsService_Watch_Handler(srv interface{}, stream grpc.ServerStream) error {
	m := new(WatchRequest)
	if err := stream.RecvMsg(m); err != nil {
		return err
	}
	return srv.(ResultsServiceServer).Watch(m, &grpc.GenericServerStream[WatchRequest, WatchResponse]{ServerStream: stream})
}

// This type alias is provided for backwards compatibility with existing code that references the prior non-generic stream type by name.
type ResultsService_WatchServer = grpc.ServerStreamingServer[WatchResponse]

func _ResultsService_GetLockedCount_Handler(srv interface{}, ctx context.Context, dec func(interface{}) error, interceptor grpc.UnaryServerInterceptor) (interface{}, error) {
	in := new(GetLockedCountRequest)
	if err := dec(in); err != nil {
		return nil, err
	}
	if interceptor == nil {
		return srv.(ResultsServiceServer).GetLockedCount(ctx, in)
	}
	info := &grpc.UnaryServerInfo{
		Server:     srv,
		FullMethod: ResultsService_GetLockedCount_FullMethodName,
	}
	handler := func(ctx context.Context, req interface{}) (interface{}, error) {
		return srv.(ResultsServiceServer).GetLockedCount(ctx, req.(*GetLockedCountRequest))
	}
	return interceptor(ctx, in, info, handler)
}

func _ResultsService_Lock_Handler(srv interface{}, ctx context.Context, dec func(interface{}) error, interceptor grpc.UnaryServerInterceptor) (interface{}, error) {
	in := new(LockRequest)
	if err := dec(in); err != nil {
		return nil, err
	}
	if interceptor == nil {
		return srv.(ResultsServiceServer).Lock(ctx, in)
	}
	info := &grpc.UnaryServerInfo{
		Server:     srv,
		FullMethod: ResultsService_Lock_FullMethodName,
	}
	handler := func(ctx context.Context, req interface{}) (interface{}, error) {
		return srv.(ResultsServiceServer).Lock(ctx, req.(*LockRequest))
	}
	return interceptor(ctx, in, info, handler)
}

func _ResultsService_Unlock_Handler(srv interface{}, ctx context.Context, dec func(interface{}) error, interceptor grpc.UnaryServerInterceptor) (interface{}, error) {
	in := new(UnlockRequest)
	if err := dec(in); err != nil {
		return nil, err
	}
	if interceptor == nil {
		return srv.(ResultsServiceServer).Unlock(ctx, in)
	}
	info := &grpc.UnaryServerInfo{
		Server:     srv,
		FullMethod: ResultsService_Unlock_FullMethodName,
	}
	handler := func(ctx context.Context, req interface{}) (interface{}, error) {
		return srv.(ResultsServiceServer).Unlock(ctx, req.(*UnlockRequest))
	}
	return interceptor(ctx, in, info, handler)
}

func _ResultsService_History_Handler(srv interface{}, ctx context.Context, dec func(interface{}) error, interceptor grpc.UnaryServerInterceptor) (interface{}, error) {
	in := new(HistoryRequest)
	if err := dec(in); err != nil {
		return nil, err
	}
	if interceptor == nil {
		return srv.(ResultsServiceServer).History(ctx, in)
	}
	info := &grpc.UnaryServerInfo{
		Server:     srv,
		FullMethod: ResultsService_History_FullMethodName,
	}
	handler := func(ctx context.Context, req interface{}) (interface{}, error) {
		return srv.(ResultsServiceServer).History(ctx, req.(*HistoryRequest))
	}
	return interceptor(ctx, in, info, handler)
}

func _ResultsService_ListIndexes_Handler(srv interface{}, ctx context.Context, dec func(interface{}) error, interceptor grpc.UnaryServerInterceptor) (interface{}, error) {
	in := new(ListIndexesRequest)
	if err := dec(in); err != nil {
		return nil, err
	}
	if interceptor == nil {
		return srv.(ResultsServiceServer).ListIndexes(ctx, in)
	}
	info := &grpc.UnaryServerInfo{
		Server:     srv,
		FullMethod: ResultsService_ListIndexes_FullMethodName,
	}
	handler := func(ctx context.Context, req interface{}) (interface{}, error) {
		return srv.(ResultsServiceServer).ListIndexes(ctx, req.(*ListIndexesRequest))
	}
	return interceptor(ctx, in, info, handler)
}

func _ResultsService_CreateIndex_Handler(srv interface{}, ctx context.Context, dec func(interface{}) error, interceptor grpc.UnaryServerInterceptor) (interface{}, error) {
	in := new(CreateIndexRequest)
	if err := dec(in); err != nil {
		return nil, err
	}
	if interceptor == nil {
		return srv.(ResultsServiceServer).CreateIndex(ctx, in)
	}
	info := &grpc.UnaryServerInfo{
		Server:     srv,
		FullMethod: ResultsService_CreateIndex_FullMethodName,
	}
	handler := func(ctx context.Context, req interface{}) (interface{}, error) {
		return srv.(ResultsServiceServer).CreateIndex(ctx, req.(*CreateIndexRequest))
	}
	return interceptor(ctx, in, info, handler)
}

func _ResultsService_DropIndex_Handler(srv interface{}, ctx context.Context, dec func(interface{}) error, interceptor grpc.UnaryServerInterceptor) (interface{}, error) {
	in := new(DropIndexRequest)
	if err := dec(in); err != nil {
		return nil, err
	}
	if interceptor == nil {
		return srv.(ResultsServiceServer).DropIndex(ctx, in)
	}
	info := &grpc.UnaryServerInfo{
		Server:     srv,
		FullMethod: ResultsService_DropIndex_FullMethodName,
	}
	handler := func(ctx context.Context, req interface{}) (interface{}, error) {
		return srv.(ResultsServiceServer).DropIndex(ctx, req.(*DropIndexRequest))
	}
	return interceptor(ctx, in, info, handler)
}

func _ResultsService_DropPipeline_Handler(srv interface{}, ctx context.Context, dec func(interface{}) error, interceptor grpc.UnaryServerInterceptor) (interface{}, error) {
	in := new(DropPipelineRequest)
	if err := dec(in); err != nil {
		return nil, err
	}
	if interceptor == nil {
		return srv.(ResultsServiceServer).DropPipeline(ctx, in)
	}
	info := &grpc.UnaryServerInfo{
		Server:     srv,
		FullMethod: ResultsService_DropPipeline_FullMethodName,
	}
	handler := func(ctx context.Context, req interface{}) (interface{}, error) {
		return srv.(ResultsServiceServer).DropPipeline(ctx, req.(*DropPipelineRequest))
	}
	return interceptor(ctx, in, info, handler)
}

// ResultsService_ServiceDesc is the grpc.ServiceDesc for ResultsService service.
// It's only intended for direct use with grpc.RegisterService,
// and not to be introspected or modified (even as a copy)
var ResultsService_ServiceDesc = grpc.ServiceDesc{
	ServiceName: "workflow_results.v1.ResultsService",
	HandlerType: (*ResultsServiceServer)(nil),
	Methods: []grpc.MethodDesc{
		{
			MethodName: "Deposit",
			Handler:    _ResultsService_Deposit_Handler,
		},
		{
			MethodName: "Update",
			Handler:    _ResultsService_Update_Handler,
		},
		{
			MethodName: "DeleteIds",
			Handler:    _ResultsService_DeleteIds_Handler,
		},
		{
			MethodName: "Count",
			Handler:    _ResultsService_Count_Handler,
		},
		{
			MethodName: "CountBy",
			Handler:    _ResultsService_CountBy_Handler,
		},
		{
			MethodName: "Status",
			Handler:    _ResultsService_Status_Handler,
		},
		{
			MethodName: "Info",
			Handler:    _ResultsService_Info_Handler,
		},
		{
			MethodName: "GetLockedCount",
			Handler:    _ResultsService_GetLockedCount_Handler,
		},
		{
			MethodName: "Lock",
			Handler:    _ResultsService_Lock_Handler,
		},
		{
			MethodName: "Unlock",
			Handler:    _ResultsService_Unlock_Handler,
		},
		{
			MethodName: "History",
			Handler:    _ResultsService_History_Handler,
		},
		{
			MethodName: "ListIndexes",
			Handler:    _ResultsService_ListIndexes_Handler,
		},
		{
			MethodName: "CreateIndex",
			Handler:    _ResultsService_CreateIndex_Handler,
		},
		{
			MethodName: "DropIndex",
			Handler:    _ResultsService_DropIndex_Handler,
		},
		{
			MethodName: "DropPipeline",
			Handler:    _ResultsService_DropPipeline_Handler,
		},
	},
	Streams: []grpc.StreamDesc{
		{
			StreamName:    "DepositStream",
			Handler:       _ResultsService_DepositStream_Handler,
			ServerStreams: true,
			ClientStreams: true,
		},
		{
			StreamName:    "View",
			Handler:       _ResultsService_View_Handler,
			ServerStreams: true,
		},
		{
			StreamName:    "Top",
			Handler:       _ResultsService_Top_Handler,
			ServerStreams: true,
		},
		{
			StreamName:    "GetByCount",
			Handler:       _ResultsService_GetByCount_Handler,
			ServerStreams: true,
		},
		{
			StreamName:    "GetById",
			Handler:       _ResultsService_GetById_Handler,
			ServerStreams: true,
		},
		{
			StreamName:    "GetByEvent",
			Handler:       _ResultsService_GetByEvent_Handler,
			ServerStreams: true,
		},
		{
			StreamName:    "GetLocked",
			Handler:       _ResultsService_GetLocked_Handler,
			ServerStreams: true,
		},
		{
			StreamName:    "Watch",
			Handler:       _ResultsService_Watch_Handler,
			ServerStreams: true,
		},
	},
	Metadata: "workflow_results/v1/results.proto",
}
