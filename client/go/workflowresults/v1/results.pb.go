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

// Code generated by protoc-gen-go. DO NOT EDIT.
// versions:
// 	protoc-gen-go v1.36.12
// 	protoc        (unknown)
// source: workflow_results/v1/results.proto

package workflowresultsv1

import (
	protoreflect "google.golang.org/protobuf/reflect/protoreflect"
	protoimpl "google.golang.org/protobuf/runtime/protoimpl"
	timestamppb "google.golang.org/protobuf/types/known/timestamppb"
	reflect "reflect"
	sync "sync"
	unsafe "unsafe"
)

const (
	// Verify that this generated code is sufficiently up-to-date.
	_ = protoimpl.EnforceVersion(20 - protoimpl.MinVersion)
	// Verify that runtime/protoimpl is sufficiently up-to-date.
	_ = protoimpl.EnforceVersion(protoimpl.MaxVersion - 20)
)

// The encoding of the documents in a response.
type DocumentFormat int32

const (
	// The default: BSON.
	DocumentFormat_DOCUMENT_FORMAT_UNSPECIFIED DocumentFormat = 0
	// BSON; keeps every type. The first field of each document is MongoDB's `_id`, equal to its `id`.
	DocumentFormat_DOCUMENT_FORMAT_BSON DocumentFormat = 1
	// Relaxed MongoDB Extended JSON v2: easy to read, but numeric types are lost. Without `_id`. A result that is too
	// large for a message as JSON ends the stream with FAILED_PRECONDITION, and the reason TOO_LARGE.
	DocumentFormat_DOCUMENT_FORMAT_RELAXED_JSON DocumentFormat = 2
	// Canonical MongoDB Extended JSON v2; keeps every type but the deprecated symbol, undefined and DBPointer. Without
	// `_id`. Large results as for relaxed JSON.
	DocumentFormat_DOCUMENT_FORMAT_CANONICAL_JSON DocumentFormat = 3
)

// Enum value maps for DocumentFormat.
var (
	DocumentFormat_name = map[int32]string{
		0: "DOCUMENT_FORMAT_UNSPECIFIED",
		1: "DOCUMENT_FORMAT_BSON",
		2: "DOCUMENT_FORMAT_RELAXED_JSON",
		3: "DOCUMENT_FORMAT_CANONICAL_JSON",
	}
	DocumentFormat_value = map[string]int32{
		"DOCUMENT_FORMAT_UNSPECIFIED":    0,
		"DOCUMENT_FORMAT_BSON":           1,
		"DOCUMENT_FORMAT_RELAXED_JSON":   2,
		"DOCUMENT_FORMAT_CANONICAL_JSON": 3,
	}
)

func (x DocumentFormat) Enum() *DocumentFormat {
	p := new(DocumentFormat)
	*p = x
	return p
}

func (x DocumentFormat) String() string {
	return protoimpl.X.EnumStringOf(x.Descriptor(), protoreflect.EnumNumber(x))
}

func (DocumentFormat) Descriptor() protoreflect.EnumDescriptor {
	return file_workflow_results_v1_results_proto_enumTypes[0].Descriptor()
}

func (DocumentFormat) Type() protoreflect.EnumType {
	return &file_workflow_results_v1_results_proto_enumTypes[0]
}

func (x DocumentFormat) Number() protoreflect.EnumNumber {
	return protoreflect.EnumNumber(x)
}

// Deprecated: Use DocumentFormat.Descriptor instead.
func (DocumentFormat) EnumDescriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{0}
}

// What became of one deposited work.
type DepositOutcome int32

const (
	// Never sent.
	DepositOutcome_DEPOSIT_OUTCOME_UNSPECIFIED DepositOutcome = 0
	// Stored durably by this request.
	DepositOutcome_DEPOSIT_OUTCOME_DEPOSITED DepositOutcome = 1
	// Stored durably before with the same content, apart from the lock state.
	DepositOutcome_DEPOSIT_OUTCOME_ALREADY_DEPOSITED DepositOutcome = 2
	// A result with this id is stored with other content. It was not changed; the work is not stored.
	DepositOutcome_DEPOSIT_OUTCOME_CONFLICT DepositOutcome = 3
	// The work breaks a rule and is not stored; the response's `rejections` say why.
	DepositOutcome_DEPOSIT_OUTCOME_REJECTED DepositOutcome = 4
)

// Enum value maps for DepositOutcome.
var (
	DepositOutcome_name = map[int32]string{
		0: "DEPOSIT_OUTCOME_UNSPECIFIED",
		1: "DEPOSIT_OUTCOME_DEPOSITED",
		2: "DEPOSIT_OUTCOME_ALREADY_DEPOSITED",
		3: "DEPOSIT_OUTCOME_CONFLICT",
		4: "DEPOSIT_OUTCOME_REJECTED",
	}
	DepositOutcome_value = map[string]int32{
		"DEPOSIT_OUTCOME_UNSPECIFIED":       0,
		"DEPOSIT_OUTCOME_DEPOSITED":         1,
		"DEPOSIT_OUTCOME_ALREADY_DEPOSITED": 2,
		"DEPOSIT_OUTCOME_CONFLICT":          3,
		"DEPOSIT_OUTCOME_REJECTED":          4,
	}
)

func (x DepositOutcome) Enum() *DepositOutcome {
	p := new(DepositOutcome)
	*p = x
	return p
}

func (x DepositOutcome) String() string {
	return protoimpl.X.EnumStringOf(x.Descriptor(), protoreflect.EnumNumber(x))
}

func (DepositOutcome) Descriptor() protoreflect.EnumDescriptor {
	return file_workflow_results_v1_results_proto_enumTypes[1].Descriptor()
}

func (DepositOutcome) Type() protoreflect.EnumType {
	return &file_workflow_results_v1_results_proto_enumTypes[1]
}

func (x DepositOutcome) Number() protoreflect.EnumNumber {
	return protoreflect.EnumNumber(x)
}

// Deprecated: Use DepositOutcome.Descriptor instead.
func (DepositOutcome) EnumDescriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{1}
}

// Why an all-or-nothing request was refused, for one result.
type RefusalReason int32

const (
	// Never sent.
	RefusalReason_REFUSAL_REASON_UNSPECIFIED RefusalReason = 0
	// No result has this id.
	RefusalReason_REFUSAL_REASON_NOT_FOUND RefusalReason = 1
	// The result is locked.
	RefusalReason_REFUSAL_REASON_LOCKED RefusalReason = 2
)

// Enum value maps for RefusalReason.
var (
	RefusalReason_name = map[int32]string{
		0: "REFUSAL_REASON_UNSPECIFIED",
		1: "REFUSAL_REASON_NOT_FOUND",
		2: "REFUSAL_REASON_LOCKED",
	}
	RefusalReason_value = map[string]int32{
		"REFUSAL_REASON_UNSPECIFIED": 0,
		"REFUSAL_REASON_NOT_FOUND":   1,
		"REFUSAL_REASON_LOCKED":      2,
	}
)

func (x RefusalReason) Enum() *RefusalReason {
	p := new(RefusalReason)
	*p = x
	return p
}

func (x RefusalReason) String() string {
	return protoimpl.X.EnumStringOf(x.Descriptor(), protoreflect.EnumNumber(x))
}

func (RefusalReason) Descriptor() protoreflect.EnumDescriptor {
	return file_workflow_results_v1_results_proto_enumTypes[2].Descriptor()
}

func (RefusalReason) Type() protoreflect.EnumType {
	return &file_workflow_results_v1_results_proto_enumTypes[2]
}

func (x RefusalReason) Number() protoreflect.EnumNumber {
	return protoreflect.EnumNumber(x)
}

// Deprecated: Use RefusalReason.Descriptor instead.
func (RefusalReason) EnumDescriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{2}
}

// What happened to a result.
type ChangeKind int32

const (
	// Never sent.
	ChangeKind_CHANGE_KIND_UNSPECIFIED ChangeKind = 0
	// Nothing: it is part of the snapshot.
	ChangeKind_CHANGE_KIND_EXISTING ChangeKind = 1
	// It was deposited.
	ChangeKind_CHANGE_KIND_DEPOSITED ChangeKind = 2
	// It was changed by an Update.
	ChangeKind_CHANGE_KIND_UPDATED ChangeKind = 3
	// It was locked, or had been locked before.
	ChangeKind_CHANGE_KIND_LOCKED ChangeKind = 4
	// It was unlocked, or had been unlocked before.
	ChangeKind_CHANGE_KIND_UNLOCKED ChangeKind = 5
	// It was deleted.
	ChangeKind_CHANGE_KIND_DELETED ChangeKind = 6
	// An administrator changed it in MongoDB.
	ChangeKind_CHANGE_KIND_CHANGED ChangeKind = 7
	// It was changed, and does not match the query now; or it was deleted since, which is told by an event of its own.
	ChangeKind_CHANGE_KIND_UNMATCHED ChangeKind = 8
	// Its pipeline was dropped, with all results that may have been in it. The event has no id.
	ChangeKind_CHANGE_KIND_DROPPED ChangeKind = 9
)

// Enum value maps for ChangeKind.
var (
	ChangeKind_name = map[int32]string{
		0: "CHANGE_KIND_UNSPECIFIED",
		1: "CHANGE_KIND_EXISTING",
		2: "CHANGE_KIND_DEPOSITED",
		3: "CHANGE_KIND_UPDATED",
		4: "CHANGE_KIND_LOCKED",
		5: "CHANGE_KIND_UNLOCKED",
		6: "CHANGE_KIND_DELETED",
		7: "CHANGE_KIND_CHANGED",
		8: "CHANGE_KIND_UNMATCHED",
		9: "CHANGE_KIND_DROPPED",
	}
	ChangeKind_value = map[string]int32{
		"CHANGE_KIND_UNSPECIFIED": 0,
		"CHANGE_KIND_EXISTING":    1,
		"CHANGE_KIND_DEPOSITED":   2,
		"CHANGE_KIND_UPDATED":     3,
		"CHANGE_KIND_LOCKED":      4,
		"CHANGE_KIND_UNLOCKED":    5,
		"CHANGE_KIND_DELETED":     6,
		"CHANGE_KIND_CHANGED":     7,
		"CHANGE_KIND_UNMATCHED":   8,
		"CHANGE_KIND_DROPPED":     9,
	}
)

func (x ChangeKind) Enum() *ChangeKind {
	p := new(ChangeKind)
	*p = x
	return p
}

func (x ChangeKind) String() string {
	return protoimpl.X.EnumStringOf(x.Descriptor(), protoreflect.EnumNumber(x))
}

func (ChangeKind) Descriptor() protoreflect.EnumDescriptor {
	return file_workflow_results_v1_results_proto_enumTypes[3].Descriptor()
}

func (ChangeKind) Type() protoreflect.EnumType {
	return &file_workflow_results_v1_results_proto_enumTypes[3]
}

func (x ChangeKind) Number() protoreflect.EnumNumber {
	return protoreflect.EnumNumber(x)
}

// Deprecated: Use ChangeKind.Descriptor instead.
func (ChangeKind) EnumDescriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{3}
}

// The method that changed a result.
type ChangeMethod int32

const (
	// Never sent.
	ChangeMethod_CHANGE_METHOD_UNSPECIFIED ChangeMethod = 0
	// Update.
	ChangeMethod_CHANGE_METHOD_UPDATE ChangeMethod = 1
	// DeleteIds.
	ChangeMethod_CHANGE_METHOD_DELETE_IDS ChangeMethod = 2
	// Lock. The result may have been locked before.
	ChangeMethod_CHANGE_METHOD_LOCK ChangeMethod = 3
	// Unlock. The result may have been unlocked before.
	ChangeMethod_CHANGE_METHOD_UNLOCK ChangeMethod = 4
	// DropPipeline. The entry is of the pipeline, not of a result. It is made just before the pipeline is dropped.
	ChangeMethod_CHANGE_METHOD_DROP_PIPELINE ChangeMethod = 5
)

// Enum value maps for ChangeMethod.
var (
	ChangeMethod_name = map[int32]string{
		0: "CHANGE_METHOD_UNSPECIFIED",
		1: "CHANGE_METHOD_UPDATE",
		2: "CHANGE_METHOD_DELETE_IDS",
		3: "CHANGE_METHOD_LOCK",
		4: "CHANGE_METHOD_UNLOCK",
		5: "CHANGE_METHOD_DROP_PIPELINE",
	}
	ChangeMethod_value = map[string]int32{
		"CHANGE_METHOD_UNSPECIFIED":   0,
		"CHANGE_METHOD_UPDATE":        1,
		"CHANGE_METHOD_DELETE_IDS":    2,
		"CHANGE_METHOD_LOCK":          3,
		"CHANGE_METHOD_UNLOCK":        4,
		"CHANGE_METHOD_DROP_PIPELINE": 5,
	}
)

func (x ChangeMethod) Enum() *ChangeMethod {
	p := new(ChangeMethod)
	*p = x
	return p
}

func (x ChangeMethod) String() string {
	return protoimpl.X.EnumStringOf(x.Descriptor(), protoreflect.EnumNumber(x))
}

func (ChangeMethod) Descriptor() protoreflect.EnumDescriptor {
	return file_workflow_results_v1_results_proto_enumTypes[4].Descriptor()
}

func (ChangeMethod) Type() protoreflect.EnumType {
	return &file_workflow_results_v1_results_proto_enumTypes[4]
}

func (x ChangeMethod) Number() protoreflect.EnumNumber {
	return protoreflect.EnumNumber(x)
}

// Deprecated: Use ChangeMethod.Descriptor instead.
func (ChangeMethod) EnumDescriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{4}
}

// One document, a query or a projection for example. Unset, or with an empty `bson`, it is the empty document.
type EncodedDocument struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The document in the form that suits the client.
	//
	// Types that are valid to be assigned to Form:
	//
	//	*EncodedDocument_Bson
	//	*EncodedDocument_Json
	Form          isEncodedDocument_Form `protobuf_oneof:"form"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *EncodedDocument) Reset() {
	*x = EncodedDocument{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[0]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *EncodedDocument) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*EncodedDocument) ProtoMessage() {}

func (x *EncodedDocument) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[0]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use EncodedDocument.ProtoReflect.Descriptor instead.
func (*EncodedDocument) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{0}
}

func (x *EncodedDocument) GetForm() isEncodedDocument_Form {
	if x != nil {
		return x.Form
	}
	return nil
}

func (x *EncodedDocument) GetBson() []byte {
	if x != nil {
		if x, ok := x.Form.(*EncodedDocument_Bson); ok {
			return x.Bson
		}
	}
	return nil
}

func (x *EncodedDocument) GetJson() string {
	if x != nil {
		if x, ok := x.Form.(*EncodedDocument_Json); ok {
			return x.Json
		}
	}
	return ""
}

type isEncodedDocument_Form interface {
	isEncodedDocument_Form()
}

type EncodedDocument_Bson struct {
	// A BSON document.
	Bson []byte `protobuf:"bytes,1,opt,name=bson,proto3,oneof"`
}

type EncodedDocument_Json struct {
	// MongoDB Extended JSON v2 text, relaxed or canonical.
	Json string `protobuf:"bytes,2,opt,name=json,proto3,oneof"`
}

func (*EncodedDocument_Bson) isEncodedDocument_Form() {}

func (*EncodedDocument_Json) isEncodedDocument_Form() {}

// Any number of documents, all in one of two forms. In a request, giving both forms is INVALID_ARGUMENT.
type EncodedDocuments struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// BSON documents back to back, as in the .bson files of mongodump. In a request, wrong lengths are INVALID_ARGUMENT
	// with the reason MALFORMED_REQUEST, and nothing is done.
	Bson []byte `protobuf:"bytes,1,opt,name=bson,proto3" json:"bson,omitempty"`
	// MongoDB Extended JSON v2 texts, one document each; in requests relaxed or canonical.
	Json          []string `protobuf:"bytes,2,rep,name=json,proto3" json:"json,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *EncodedDocuments) Reset() {
	*x = EncodedDocuments{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[1]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *EncodedDocuments) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*EncodedDocuments) ProtoMessage() {}

func (x *EncodedDocuments) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[1]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use EncodedDocuments.ProtoReflect.Descriptor instead.
func (*EncodedDocuments) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{1}
}

func (x *EncodedDocuments) GetBson() []byte {
	if x != nil {
		return x.Bson
	}
	return nil
}

func (x *EncodedDocuments) GetJson() []string {
	if x != nil {
		return x.Json
	}
	return nil
}

// Why one work was rejected.
type Rejection struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The position of the work in the request, from 0.
	Index int32 `protobuf:"varint,1,opt,name=index,proto3" json:"index,omitempty"`
	// Which rule it breaks.
	Reason RejectionReason `protobuf:"varint,2,opt,name=reason,proto3,enum=workflow_results.v1.RejectionReason" json:"reason,omitempty"`
	// One sentence for people: which field, and what is valid.
	Message       string `protobuf:"bytes,3,opt,name=message,proto3" json:"message,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *Rejection) Reset() {
	*x = Rejection{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[2]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *Rejection) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*Rejection) ProtoMessage() {}

func (x *Rejection) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[2]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use Rejection.ProtoReflect.Descriptor instead.
func (*Rejection) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{2}
}

func (x *Rejection) GetIndex() int32 {
	if x != nil {
		return x.Index
	}
	return 0
}

func (x *Rejection) GetReason() RejectionReason {
	if x != nil {
		return x.Reason
	}
	return RejectionReason_REJECTION_REASON_UNSPECIFIED
}

func (x *Rejection) GetMessage() string {
	if x != nil {
		return x.Message
	}
	return ""
}

// Works to be stored.
type DepositRequest struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The works; each needs `pipeline`, `id` and `status` ("success" or "failure"). `results`, if given, is null or a
	// document, and `results.locked` a bool: a work with `results.locked` true is stored locked. Each holds at most
	// 16 MiB less 16 KiB of BSON, with up to 100 levels of documents and arrays in it. An `_id` must equal `id`.
	Works         *EncodedDocuments `protobuf:"bytes,1,opt,name=works,proto3" json:"works,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *DepositRequest) Reset() {
	*x = DepositRequest{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[3]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *DepositRequest) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*DepositRequest) ProtoMessage() {}

func (x *DepositRequest) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[3]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use DepositRequest.ProtoReflect.Descriptor instead.
func (*DepositRequest) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{3}
}

func (x *DepositRequest) GetWorks() *EncodedDocuments {
	if x != nil {
		return x.Works
	}
	return nil
}

// The outcomes of a Deposit.
type DepositResponse struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// One outcome for each work, in the order of the works.
	Outcomes []DepositOutcome `protobuf:"varint,1,rep,packed,name=outcomes,proto3,enum=workflow_results.v1.DepositOutcome" json:"outcomes,omitempty"`
	// One entry for each outcome REJECTED, in the order of the works.
	Rejections    []*Rejection `protobuf:"bytes,2,rep,name=rejections,proto3" json:"rejections,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *DepositResponse) Reset() {
	*x = DepositResponse{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[4]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *DepositResponse) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*DepositResponse) ProtoMessage() {}

func (x *DepositResponse) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[4]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use DepositResponse.ProtoReflect.Descriptor instead.
func (*DepositResponse) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{4}
}

func (x *DepositResponse) GetOutcomes() []DepositOutcome {
	if x != nil {
		return x.Outcomes
	}
	return nil
}

func (x *DepositResponse) GetRejections() []*Rejection {
	if x != nil {
		return x.Rejections
	}
	return nil
}

// One request on a stream of deposits.
type DepositStreamRequest struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// Chosen by the client to recognise the acknowledgement; the server only repeats it.
	Sequence uint64 `protobuf:"varint,1,opt,name=sequence,proto3" json:"sequence,omitempty"`
	// As in DepositRequest.
	Works         *EncodedDocuments `protobuf:"bytes,2,opt,name=works,proto3" json:"works,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *DepositStreamRequest) Reset() {
	*x = DepositStreamRequest{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[5]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *DepositStreamRequest) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*DepositStreamRequest) ProtoMessage() {}

func (x *DepositStreamRequest) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[5]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use DepositStreamRequest.ProtoReflect.Descriptor instead.
func (*DepositStreamRequest) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{5}
}

func (x *DepositStreamRequest) GetSequence() uint64 {
	if x != nil {
		return x.Sequence
	}
	return 0
}

func (x *DepositStreamRequest) GetWorks() *EncodedDocuments {
	if x != nil {
		return x.Works
	}
	return nil
}

// The acknowledgement of one request on a stream of deposits.
type DepositStreamResponse struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The sequence of the request that is acknowledged.
	Sequence uint64 `protobuf:"varint,1,opt,name=sequence,proto3" json:"sequence,omitempty"`
	// As in DepositResponse.
	Outcomes []DepositOutcome `protobuf:"varint,2,rep,packed,name=outcomes,proto3,enum=workflow_results.v1.DepositOutcome" json:"outcomes,omitempty"`
	// As in DepositResponse.
	Rejections    []*Rejection `protobuf:"bytes,3,rep,name=rejections,proto3" json:"rejections,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *DepositStreamResponse) Reset() {
	*x = DepositStreamResponse{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[6]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *DepositStreamResponse) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*DepositStreamResponse) ProtoMessage() {}

func (x *DepositStreamResponse) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[6]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use DepositStreamResponse.ProtoReflect.Descriptor instead.
func (*DepositStreamResponse) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{6}
}

func (x *DepositStreamResponse) GetSequence() uint64 {
	if x != nil {
		return x.Sequence
	}
	return 0
}

func (x *DepositStreamResponse) GetOutcomes() []DepositOutcome {
	if x != nil {
		return x.Outcomes
	}
	return nil
}

func (x *DepositStreamResponse) GetRejections() []*Rejection {
	if x != nil {
		return x.Rejections
	}
	return nil
}

// One result for which an all-or-nothing request was refused.
type Refusal struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The pipeline of the result.
	Pipeline string `protobuf:"bytes,1,opt,name=pipeline,proto3" json:"pipeline,omitempty"`
	// The id of the result.
	Id string `protobuf:"bytes,2,opt,name=id,proto3" json:"id,omitempty"`
	// Why the request was refused for it.
	Reason        RefusalReason `protobuf:"varint,3,opt,name=reason,proto3,enum=workflow_results.v1.RefusalReason" json:"reason,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *Refusal) Reset() {
	*x = Refusal{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[7]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *Refusal) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*Refusal) ProtoMessage() {}

func (x *Refusal) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[7]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use Refusal.ProtoReflect.Descriptor instead.
func (*Refusal) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{7}
}

func (x *Refusal) GetPipeline() string {
	if x != nil {
		return x.Pipeline
	}
	return ""
}

func (x *Refusal) GetId() string {
	if x != nil {
		return x.Id
	}
	return ""
}

func (x *Refusal) GetReason() RefusalReason {
	if x != nil {
		return x.Reason
	}
	return RefusalReason_REFUSAL_REASON_UNSPECIFIED
}

// The outcome of an all-or-nothing request.
type ChangeOutcome struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// True when every named result was changed, or was already as requested; false when nothing was changed.
	Applied bool `protobuf:"varint,1,opt,name=applied,proto3" json:"applied,omitempty"`
	// The results for which the request was refused: the first 1,000.
	Refusals []*Refusal `protobuf:"bytes,2,rep,name=refusals,proto3" json:"refusals,omitempty"`
	// For how many results the request was refused in all. Zero when `applied`.
	RefusalCount  int32 `protobuf:"varint,3,opt,name=refusal_count,json=refusalCount,proto3" json:"refusal_count,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *ChangeOutcome) Reset() {
	*x = ChangeOutcome{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[8]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *ChangeOutcome) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*ChangeOutcome) ProtoMessage() {}

func (x *ChangeOutcome) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[8]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use ChangeOutcome.ProtoReflect.Descriptor instead.
func (*ChangeOutcome) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{8}
}

func (x *ChangeOutcome) GetApplied() bool {
	if x != nil {
		return x.Applied
	}
	return false
}

func (x *ChangeOutcome) GetRefusals() []*Refusal {
	if x != nil {
		return x.Refusals
	}
	return nil
}

func (x *ChangeOutcome) GetRefusalCount() int32 {
	if x != nil {
		return x.RefusalCount
	}
	return 0
}

// Fields to be set.
type UpdateRequest struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The works; each needs `pipeline` and `id`, and has the top-level fields to be set. A work has at most 1,000 fields,
	// these two among them, or is refused as TOO_LARGE. The other rules are those of Deposit, but `status` may be omitted.
	Works *EncodedDocuments `protobuf:"bytes,1,opt,name=works,proto3" json:"works,omitempty"`
	// Why the results are changed, for their history: at most 1,000 characters, without NUL.
	Reason string `protobuf:"bytes,2,opt,name=reason,proto3" json:"reason,omitempty"`
	// Empty, or up to 64 visible ASCII characters that the caller uses for no other request (a UUID for example; see
	// AIP-155). A request that was applied before under the same id, by the same caller, gets the same answer again, and
	// changes nothing. INVALID_ARGUMENT with the reason REQUEST_ID_REUSED if that request was another one: another
	// method, pipeline or reason, works without the same content in the same order, or another set of ids.
	RequestId     string `protobuf:"bytes,3,opt,name=request_id,json=requestId,proto3" json:"request_id,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *UpdateRequest) Reset() {
	*x = UpdateRequest{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[9]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *UpdateRequest) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*UpdateRequest) ProtoMessage() {}

func (x *UpdateRequest) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[9]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use UpdateRequest.ProtoReflect.Descriptor instead.
func (*UpdateRequest) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{9}
}

func (x *UpdateRequest) GetWorks() *EncodedDocuments {
	if x != nil {
		return x.Works
	}
	return nil
}

func (x *UpdateRequest) GetReason() string {
	if x != nil {
		return x.Reason
	}
	return ""
}

func (x *UpdateRequest) GetRequestId() string {
	if x != nil {
		return x.RequestId
	}
	return ""
}

// The response to an Update.
type UpdateResponse struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The outcome: whether all results were updated.
	Outcome       *ChangeOutcome `protobuf:"bytes,1,opt,name=outcome,proto3" json:"outcome,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *UpdateResponse) Reset() {
	*x = UpdateResponse{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[10]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *UpdateResponse) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*UpdateResponse) ProtoMessage() {}

func (x *UpdateResponse) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[10]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use UpdateResponse.ProtoReflect.Descriptor instead.
func (*UpdateResponse) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{10}
}

func (x *UpdateResponse) GetOutcome() *ChangeOutcome {
	if x != nil {
		return x.Outcome
	}
	return nil
}

// Results to be deleted.
type DeleteIdsRequest struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The pipeline of the results.
	Pipeline string `protobuf:"bytes,1,opt,name=pipeline,proto3" json:"pipeline,omitempty"`
	// The ids of the results.
	Ids []string `protobuf:"bytes,2,rep,name=ids,proto3" json:"ids,omitempty"`
	// As in UpdateRequest.
	Reason string `protobuf:"bytes,3,opt,name=reason,proto3" json:"reason,omitempty"`
	// As in UpdateRequest.
	RequestId     string `protobuf:"bytes,4,opt,name=request_id,json=requestId,proto3" json:"request_id,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *DeleteIdsRequest) Reset() {
	*x = DeleteIdsRequest{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[11]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *DeleteIdsRequest) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*DeleteIdsRequest) ProtoMessage() {}

func (x *DeleteIdsRequest) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[11]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use DeleteIdsRequest.ProtoReflect.Descriptor instead.
func (*DeleteIdsRequest) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{11}
}

func (x *DeleteIdsRequest) GetPipeline() string {
	if x != nil {
		return x.Pipeline
	}
	return ""
}

func (x *DeleteIdsRequest) GetIds() []string {
	if x != nil {
		return x.Ids
	}
	return nil
}

func (x *DeleteIdsRequest) GetReason() string {
	if x != nil {
		return x.Reason
	}
	return ""
}

func (x *DeleteIdsRequest) GetRequestId() string {
	if x != nil {
		return x.RequestId
	}
	return ""
}

// The response to a DeleteIds.
type DeleteIdsResponse struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The outcome: whether all results were deleted.
	Outcome       *ChangeOutcome `protobuf:"bytes,1,opt,name=outcome,proto3" json:"outcome,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *DeleteIdsResponse) Reset() {
	*x = DeleteIdsResponse{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[12]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *DeleteIdsResponse) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*DeleteIdsResponse) ProtoMessage() {}

func (x *DeleteIdsResponse) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[12]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use DeleteIdsResponse.ProtoReflect.Descriptor instead.
func (*DeleteIdsResponse) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{12}
}

func (x *DeleteIdsResponse) GetOutcome() *ChangeOutcome {
	if x != nil {
		return x.Outcome
	}
	return nil
}

// Results to be locked.
type LockRequest struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The pipeline of the results.
	Pipeline string `protobuf:"bytes,1,opt,name=pipeline,proto3" json:"pipeline,omitempty"`
	// The ids of the results.
	Ids []string `protobuf:"bytes,2,rep,name=ids,proto3" json:"ids,omitempty"`
	// As in UpdateRequest.
	Reason string `protobuf:"bytes,3,opt,name=reason,proto3" json:"reason,omitempty"`
	// As in UpdateRequest.
	RequestId     string `protobuf:"bytes,4,opt,name=request_id,json=requestId,proto3" json:"request_id,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *LockRequest) Reset() {
	*x = LockRequest{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[13]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *LockRequest) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*LockRequest) ProtoMessage() {}

func (x *LockRequest) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[13]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use LockRequest.ProtoReflect.Descriptor instead.
func (*LockRequest) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{13}
}

func (x *LockRequest) GetPipeline() string {
	if x != nil {
		return x.Pipeline
	}
	return ""
}

func (x *LockRequest) GetIds() []string {
	if x != nil {
		return x.Ids
	}
	return nil
}

func (x *LockRequest) GetReason() string {
	if x != nil {
		return x.Reason
	}
	return ""
}

func (x *LockRequest) GetRequestId() string {
	if x != nil {
		return x.RequestId
	}
	return ""
}

// The response to a Lock.
type LockResponse struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The outcome: whether all results were locked.
	Outcome       *ChangeOutcome `protobuf:"bytes,1,opt,name=outcome,proto3" json:"outcome,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *LockResponse) Reset() {
	*x = LockResponse{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[14]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *LockResponse) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*LockResponse) ProtoMessage() {}

func (x *LockResponse) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[14]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use LockResponse.ProtoReflect.Descriptor instead.
func (*LockResponse) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{14}
}

func (x *LockResponse) GetOutcome() *ChangeOutcome {
	if x != nil {
		return x.Outcome
	}
	return nil
}

// Results to be unlocked.
type UnlockRequest struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The pipeline of the results.
	Pipeline string `protobuf:"bytes,1,opt,name=pipeline,proto3" json:"pipeline,omitempty"`
	// The ids of the results.
	Ids []string `protobuf:"bytes,2,rep,name=ids,proto3" json:"ids,omitempty"`
	// False, the default, changes nothing and returns how many of the results are locked.
	Force bool `protobuf:"varint,3,opt,name=force,proto3" json:"force,omitempty"`
	// As in UpdateRequest.
	Reason string `protobuf:"bytes,4,opt,name=reason,proto3" json:"reason,omitempty"`
	// As in UpdateRequest.
	RequestId     string `protobuf:"bytes,5,opt,name=request_id,json=requestId,proto3" json:"request_id,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *UnlockRequest) Reset() {
	*x = UnlockRequest{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[15]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *UnlockRequest) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*UnlockRequest) ProtoMessage() {}

func (x *UnlockRequest) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[15]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use UnlockRequest.ProtoReflect.Descriptor instead.
func (*UnlockRequest) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{15}
}

func (x *UnlockRequest) GetPipeline() string {
	if x != nil {
		return x.Pipeline
	}
	return ""
}

func (x *UnlockRequest) GetIds() []string {
	if x != nil {
		return x.Ids
	}
	return nil
}

func (x *UnlockRequest) GetForce() bool {
	if x != nil {
		return x.Force
	}
	return false
}

func (x *UnlockRequest) GetReason() string {
	if x != nil {
		return x.Reason
	}
	return ""
}

func (x *UnlockRequest) GetRequestId() string {
	if x != nil {
		return x.RequestId
	}
	return ""
}

// The response to an Unlock.
type UnlockResponse struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The outcome: whether all results were unlocked. Without `force`, `applied` is always false, and the refusals are
	// those that the request would get with it.
	Outcome *ChangeOutcome `protobuf:"bytes,1,opt,name=outcome,proto3" json:"outcome,omitempty"`
	// How many of the named results were locked: with `force` those that were unlocked now, without it those that it
	// would unlock.
	LockedCount   int32 `protobuf:"varint,2,opt,name=locked_count,json=lockedCount,proto3" json:"locked_count,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *UnlockResponse) Reset() {
	*x = UnlockResponse{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[16]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *UnlockResponse) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*UnlockResponse) ProtoMessage() {}

func (x *UnlockResponse) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[16]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use UnlockResponse.ProtoReflect.Descriptor instead.
func (*UnlockResponse) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{16}
}

func (x *UnlockResponse) GetOutcome() *ChangeOutcome {
	if x != nil {
		return x.Outcome
	}
	return nil
}

func (x *UnlockResponse) GetLockedCount() int32 {
	if x != nil {
		return x.LockedCount
	}
	return 0
}

// Some results of a stream.
type ResultBatch struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// At least one result, in the format that the request asked for.
	Results *EncodedDocuments `protobuf:"bytes,1,opt,name=results,proto3" json:"results,omitempty"`
	// The position of the stream after this batch. The same request with this token continues with the next result, at
	// any server. The token belongs to its request (method, pipeline, query, projection, skip, limit or count, ids, event
	// number); with another request it is INVALID_ARGUMENT. Only the format may differ.
	ResumeToken   []byte `protobuf:"bytes,2,opt,name=resume_token,json=resumeToken,proto3" json:"resume_token,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *ResultBatch) Reset() {
	*x = ResultBatch{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[17]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *ResultBatch) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*ResultBatch) ProtoMessage() {}

func (x *ResultBatch) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[17]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use ResultBatch.ProtoReflect.Descriptor instead.
func (*ResultBatch) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{17}
}

func (x *ResultBatch) GetResults() *EncodedDocuments {
	if x != nil {
		return x.Results
	}
	return nil
}

func (x *ResultBatch) GetResumeToken() []byte {
	if x != nil {
		return x.ResumeToken
	}
	return nil
}

// The end of a complete stream.
type ReadSummary struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The number of results that this stream has sent.
	Count         int64 `protobuf:"varint,1,opt,name=count,proto3" json:"count,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *ReadSummary) Reset() {
	*x = ReadSummary{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[18]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *ReadSummary) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*ReadSummary) ProtoMessage() {}

func (x *ReadSummary) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[18]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use ReadSummary.ProtoReflect.Descriptor instead.
func (*ReadSummary) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{18}
}

func (x *ReadSummary) GetCount() int64 {
	if x != nil {
		return x.Count
	}
	return 0
}

// A part of a stream of results.
type ResultPart struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// Some results. Unset only in a last part without results.
	Batch *ResultBatch `protobuf:"bytes,1,opt,name=batch,proto3" json:"batch,omitempty"`
	// Set in the last part of a complete stream, and only there.
	Summary       *ReadSummary `protobuf:"bytes,2,opt,name=summary,proto3" json:"summary,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *ResultPart) Reset() {
	*x = ResultPart{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[19]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *ResultPart) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*ResultPart) ProtoMessage() {}

func (x *ResultPart) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[19]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use ResultPart.ProtoReflect.Descriptor instead.
func (*ResultPart) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{19}
}

func (x *ResultPart) GetBatch() *ResultBatch {
	if x != nil {
		return x.Batch
	}
	return nil
}

func (x *ResultPart) GetSummary() *ReadSummary {
	if x != nil {
		return x.Summary
	}
	return nil
}

// Which results to stream.
type ViewRequest struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The pipeline of the results.
	Pipeline string `protobuf:"bytes,1,opt,name=pipeline,proto3" json:"pipeline,omitempty"`
	// A MongoDB filter. Operators: $eq $ne $gt $gte $lt $lte $in $nin $and $or $nor $not $exists $type $all $elemMatch
	// $size $mod $regex $options $bitsAllSet $bitsAnySet $bitsAllClear $bitsAnyClear, and $expr with field paths,
	// literals, comparison, boolean and arithmetic operators. Unset or empty, it matches every result.
	//
	// $regex: where a pattern repeats a group, MongoDB 6.0 gives up on long texts without an error. (a|b)*c finds texts
	// of up to 1,999 characters, ^(ab)+c$ of up to 3,999; [ab]*c and .* find all. What is missed counts as not matching,
	// also under $not.
	Query *EncodedDocument `protobuf:"bytes,2,opt,name=query,proto3" json:"query,omitempty"`
	// A MongoDB projection: inclusion, exclusion, $slice, $elemMatch. Unset or empty, whole results.
	Projection *EncodedDocument `protobuf:"bytes,3,opt,name=projection,proto3" json:"projection,omitempty"`
	// How many matching results to skip. Negative is INVALID_ARGUMENT.
	Skip int64 `protobuf:"varint,4,opt,name=skip,proto3" json:"skip,omitempty"`
	// How many results to stream at most. 0: no limit. Negative is INVALID_ARGUMENT.
	Limit int64 `protobuf:"varint,5,opt,name=limit,proto3" json:"limit,omitempty"`
	// The encoding of the results. Unset: BSON.
	Format DocumentFormat `protobuf:"varint,6,opt,name=format,proto3,enum=workflow_results.v1.DocumentFormat" json:"format,omitempty"`
	// Empty, or the token of the last batch received from a stream that broke; the other fields must then be unchanged.
	ResumeToken   []byte `protobuf:"bytes,7,opt,name=resume_token,json=resumeToken,proto3" json:"resume_token,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *ViewRequest) Reset() {
	*x = ViewRequest{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[20]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *ViewRequest) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*ViewRequest) ProtoMessage() {}

func (x *ViewRequest) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[20]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use ViewRequest.ProtoReflect.Descriptor instead.
func (*ViewRequest) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{20}
}

func (x *ViewRequest) GetPipeline() string {
	if x != nil {
		return x.Pipeline
	}
	return ""
}

func (x *ViewRequest) GetQuery() *EncodedDocument {
	if x != nil {
		return x.Query
	}
	return nil
}

func (x *ViewRequest) GetProjection() *EncodedDocument {
	if x != nil {
		return x.Projection
	}
	return nil
}

func (x *ViewRequest) GetSkip() int64 {
	if x != nil {
		return x.Skip
	}
	return 0
}

func (x *ViewRequest) GetLimit() int64 {
	if x != nil {
		return x.Limit
	}
	return 0
}

func (x *ViewRequest) GetFormat() DocumentFormat {
	if x != nil {
		return x.Format
	}
	return DocumentFormat_DOCUMENT_FORMAT_UNSPECIFIED
}

func (x *ViewRequest) GetResumeToken() []byte {
	if x != nil {
		return x.ResumeToken
	}
	return nil
}

// A response of View.
type ViewResponse struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// A part of the stream of results.
	Part          *ResultPart `protobuf:"bytes,1,opt,name=part,proto3" json:"part,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *ViewResponse) Reset() {
	*x = ViewResponse{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[21]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *ViewResponse) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*ViewResponse) ProtoMessage() {}

func (x *ViewResponse) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[21]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use ViewResponse.ProtoReflect.Descriptor instead.
func (*ViewResponse) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{21}
}

func (x *ViewResponse) GetPart() *ResultPart {
	if x != nil {
		return x.Part
	}
	return nil
}

// Which results to count.
type CountRequest struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The pipeline of the results.
	Pipeline string `protobuf:"bytes,1,opt,name=pipeline,proto3" json:"pipeline,omitempty"`
	// A MongoDB filter, as in ViewRequest.
	Query         *EncodedDocument `protobuf:"bytes,2,opt,name=query,proto3" json:"query,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *CountRequest) Reset() {
	*x = CountRequest{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[22]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *CountRequest) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*CountRequest) ProtoMessage() {}

func (x *CountRequest) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[22]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use CountRequest.ProtoReflect.Descriptor instead.
func (*CountRequest) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{22}
}

func (x *CountRequest) GetPipeline() string {
	if x != nil {
		return x.Pipeline
	}
	return ""
}

func (x *CountRequest) GetQuery() *EncodedDocument {
	if x != nil {
		return x.Query
	}
	return nil
}

// The number of results.
type CountResponse struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The number of results that match the query.
	Count         int64 `protobuf:"varint,1,opt,name=count,proto3" json:"count,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *CountResponse) Reset() {
	*x = CountResponse{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[23]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *CountResponse) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*CountResponse) ProtoMessage() {}

func (x *CountResponse) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[23]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use CountResponse.ProtoReflect.Descriptor instead.
func (*CountResponse) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{23}
}

func (x *CountResponse) GetCount() int64 {
	if x != nil {
		return x.Count
	}
	return 0
}

// Which results to rank.
type TopRequest struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The pipeline of the results.
	Pipeline string `protobuf:"bytes,1,opt,name=pipeline,proto3" json:"pipeline,omitempty"`
	// The field, as a path like `results.snr`. A number in it names a field, not an element of a list. Results where the
	// value is in a list are left out.
	Field string `protobuf:"bytes,2,opt,name=field,proto3" json:"field,omitempty"`
	// A MongoDB filter, as in ViewRequest.
	Query *EncodedDocument `protobuf:"bytes,3,opt,name=query,proto3" json:"query,omitempty"`
	// A MongoDB projection, as in ViewRequest.
	Projection *EncodedDocument `protobuf:"bytes,4,opt,name=projection,proto3" json:"projection,omitempty"`
	// How many results to stream at most, from 1 to 10,000.
	Limit int32 `protobuf:"varint,5,opt,name=limit,proto3" json:"limit,omitempty"`
	// Whether the lowest values come first, rather than the highest.
	Ascending bool `protobuf:"varint,6,opt,name=ascending,proto3" json:"ascending,omitempty"`
	// The encoding of the results. Unset: BSON.
	Format        DocumentFormat `protobuf:"varint,7,opt,name=format,proto3,enum=workflow_results.v1.DocumentFormat" json:"format,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *TopRequest) Reset() {
	*x = TopRequest{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[24]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *TopRequest) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*TopRequest) ProtoMessage() {}

func (x *TopRequest) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[24]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use TopRequest.ProtoReflect.Descriptor instead.
func (*TopRequest) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{24}
}

func (x *TopRequest) GetPipeline() string {
	if x != nil {
		return x.Pipeline
	}
	return ""
}

func (x *TopRequest) GetField() string {
	if x != nil {
		return x.Field
	}
	return ""
}

func (x *TopRequest) GetQuery() *EncodedDocument {
	if x != nil {
		return x.Query
	}
	return nil
}

func (x *TopRequest) GetProjection() *EncodedDocument {
	if x != nil {
		return x.Projection
	}
	return nil
}

func (x *TopRequest) GetLimit() int32 {
	if x != nil {
		return x.Limit
	}
	return 0
}

func (x *TopRequest) GetAscending() bool {
	if x != nil {
		return x.Ascending
	}
	return false
}

func (x *TopRequest) GetFormat() DocumentFormat {
	if x != nil {
		return x.Format
	}
	return DocumentFormat_DOCUMENT_FORMAT_UNSPECIFIED
}

// A response of Top.
type TopResponse struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// A part of the stream of results. The `resume_token` of its batch is empty.
	Part          *ResultPart `protobuf:"bytes,1,opt,name=part,proto3" json:"part,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *TopResponse) Reset() {
	*x = TopResponse{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[25]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *TopResponse) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*TopResponse) ProtoMessage() {}

func (x *TopResponse) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[25]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use TopResponse.ProtoReflect.Descriptor instead.
func (*TopResponse) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{25}
}

func (x *TopResponse) GetPart() *ResultPart {
	if x != nil {
		return x.Part
	}
	return nil
}

// Which results to count by the values of a field.
type CountByRequest struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The pipeline of the results.
	Pipeline string `protobuf:"bytes,1,opt,name=pipeline,proto3" json:"pipeline,omitempty"`
	// The field, as a path like `results.class`. A number in it names a field, not an element of a list.
	Field string `protobuf:"bytes,2,opt,name=field,proto3" json:"field,omitempty"`
	// A MongoDB filter, as in ViewRequest.
	Query *EncodedDocument `protobuf:"bytes,3,opt,name=query,proto3" json:"query,omitempty"`
	// The encoding of the values. Unset: BSON.
	Format        DocumentFormat `protobuf:"varint,4,opt,name=format,proto3,enum=workflow_results.v1.DocumentFormat" json:"format,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *CountByRequest) Reset() {
	*x = CountByRequest{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[26]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *CountByRequest) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*CountByRequest) ProtoMessage() {}

func (x *CountByRequest) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[26]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use CountByRequest.ProtoReflect.Descriptor instead.
func (*CountByRequest) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{26}
}

func (x *CountByRequest) GetPipeline() string {
	if x != nil {
		return x.Pipeline
	}
	return ""
}

func (x *CountByRequest) GetField() string {
	if x != nil {
		return x.Field
	}
	return ""
}

func (x *CountByRequest) GetQuery() *EncodedDocument {
	if x != nil {
		return x.Query
	}
	return nil
}

func (x *CountByRequest) GetFormat() DocumentFormat {
	if x != nil {
		return x.Format
	}
	return DocumentFormat_DOCUMENT_FORMAT_UNSPECIFIED
}

// The number of results with a value.
type ValueCount struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// A document whose only field, `value`, is the value.
	Value *EncodedDocument `protobuf:"bytes,1,opt,name=value,proto3" json:"value,omitempty"`
	// The number of results that have it.
	Count         int64 `protobuf:"varint,2,opt,name=count,proto3" json:"count,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *ValueCount) Reset() {
	*x = ValueCount{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[27]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *ValueCount) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*ValueCount) ProtoMessage() {}

func (x *ValueCount) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[27]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use ValueCount.ProtoReflect.Descriptor instead.
func (*ValueCount) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{27}
}

func (x *ValueCount) GetValue() *EncodedDocument {
	if x != nil {
		return x.Value
	}
	return nil
}

func (x *ValueCount) GetCount() int64 {
	if x != nil {
		return x.Count
	}
	return 0
}

// The numbers of results by value.
type CountByResponse struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The values, the most frequent first; of equally frequent ones, the lowest first.
	Counts []*ValueCount `protobuf:"bytes,1,rep,name=counts,proto3" json:"counts,omitempty"`
	// Whether there are more values than these.
	HasMore bool `protobuf:"varint,2,opt,name=has_more,json=hasMore,proto3" json:"has_more,omitempty"`
	// How many values are not told apart, each counted once for each result.
	OtherCount    int64 `protobuf:"varint,3,opt,name=other_count,json=otherCount,proto3" json:"other_count,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *CountByResponse) Reset() {
	*x = CountByResponse{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[28]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *CountByResponse) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*CountByResponse) ProtoMessage() {}

func (x *CountByResponse) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[28]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use CountByResponse.ProtoReflect.Descriptor instead.
func (*CountByResponse) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{28}
}

func (x *CountByResponse) GetCounts() []*ValueCount {
	if x != nil {
		return x.Counts
	}
	return nil
}

func (x *CountByResponse) GetHasMore() bool {
	if x != nil {
		return x.HasMore
	}
	return false
}

func (x *CountByResponse) GetOtherCount() int64 {
	if x != nil {
		return x.OtherCount
	}
	return 0
}

// Asks for the number of results of every pipeline.
type StatusRequest struct {
	state         protoimpl.MessageState `protogen:"open.v1"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *StatusRequest) Reset() {
	*x = StatusRequest{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[29]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *StatusRequest) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*StatusRequest) ProtoMessage() {}

func (x *StatusRequest) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[29]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use StatusRequest.ProtoReflect.Descriptor instead.
func (*StatusRequest) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{29}
}

// The number of results of every pipeline.
type StatusResponse struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The number of results by pipeline; pipelines without results are left out.
	Counts        map[string]int64 `protobuf:"bytes,1,rep,name=counts,proto3" json:"counts,omitempty" protobuf_key:"bytes,1,opt,name=key" protobuf_val:"varint,2,opt,name=value"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *StatusResponse) Reset() {
	*x = StatusResponse{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[30]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *StatusResponse) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*StatusResponse) ProtoMessage() {}

func (x *StatusResponse) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[30]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use StatusResponse.ProtoReflect.Descriptor instead.
func (*StatusResponse) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{30}
}

func (x *StatusResponse) GetCounts() map[string]int64 {
	if x != nil {
		return x.Counts
	}
	return nil
}

// Asks for versions and limits.
type InfoRequest struct {
	state         protoimpl.MessageState `protogen:"open.v1"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *InfoRequest) Reset() {
	*x = InfoRequest{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[31]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *InfoRequest) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*InfoRequest) ProtoMessage() {}

func (x *InfoRequest) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[31]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use InfoRequest.ProtoReflect.Descriptor instead.
func (*InfoRequest) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{31}
}

// Versions and limits.
type InfoResponse struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The version of the server.
	ServerVersion string `protobuf:"bytes,1,opt,name=server_version,json=serverVersion,proto3" json:"server_version,omitempty"`
	// The version of this API: the name of its package.
	ApiVersion string `protobuf:"bytes,2,opt,name=api_version,json=apiVersion,proto3" json:"api_version,omitempty"`
	// The version of MongoDB.
	MongodbVersion string `protobuf:"bytes,3,opt,name=mongodb_version,json=mongodbVersion,proto3" json:"mongodb_version,omitempty"`
	// What the server accepts.
	Limits *Limits `protobuf:"bytes,4,opt,name=limits,proto3" json:"limits,omitempty"`
	// What checks deposited works: "native" with its version, or "python", with the reason unless nothing else is
	// installed. Both accept the same works.
	Checker       string `protobuf:"bytes,5,opt,name=checker,proto3" json:"checker,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *InfoResponse) Reset() {
	*x = InfoResponse{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[32]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *InfoResponse) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*InfoResponse) ProtoMessage() {}

func (x *InfoResponse) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[32]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use InfoResponse.ProtoReflect.Descriptor instead.
func (*InfoResponse) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{32}
}

func (x *InfoResponse) GetServerVersion() string {
	if x != nil {
		return x.ServerVersion
	}
	return ""
}

func (x *InfoResponse) GetApiVersion() string {
	if x != nil {
		return x.ApiVersion
	}
	return ""
}

func (x *InfoResponse) GetMongodbVersion() string {
	if x != nil {
		return x.MongodbVersion
	}
	return ""
}

func (x *InfoResponse) GetLimits() *Limits {
	if x != nil {
		return x.Limits
	}
	return nil
}

func (x *InfoResponse) GetChecker() string {
	if x != nil {
		return x.Checker
	}
	return ""
}

// What a server accepts.
type Limits struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The largest request, in bytes.
	MessageBytes int64 `protobuf:"varint,1,opt,name=message_bytes,json=messageBytes,proto3" json:"message_bytes,omitempty"`
	// The largest work, in bytes of BSON.
	WorkBytes int64 `protobuf:"varint,2,opt,name=work_bytes,json=workBytes,proto3" json:"work_bytes,omitempty"`
	// The most levels of documents and arrays in a work.
	WorkDepth int32 `protobuf:"varint,3,opt,name=work_depth,json=workDepth,proto3" json:"work_depth,omitempty"`
	// The longest pipeline name, in characters.
	PipelineLength int32 `protobuf:"varint,4,opt,name=pipeline_length,json=pipelineLength,proto3" json:"pipeline_length,omitempty"`
	// The longest id, in characters.
	IdLength int32 `protobuf:"varint,5,opt,name=id_length,json=idLength,proto3" json:"id_length,omitempty"`
	// The most ids or works in one all-or-nothing request.
	TransactionResults int32 `protobuf:"varint,6,opt,name=transaction_results,json=transactionResults,proto3" json:"transaction_results,omitempty"`
	// The size that batches of results aim at, in bytes.
	BatchBytes int64 `protobuf:"varint,7,opt,name=batch_bytes,json=batchBytes,proto3" json:"batch_bytes,omitempty"`
	// The longest time that the server spends on a unary call or on the next batch, in seconds.
	ServerSeconds float64 `protobuf:"fixed64,8,opt,name=server_seconds,json=serverSeconds,proto3" json:"server_seconds,omitempty"`
	// The most works in one request.
	RequestWorks int32 `protobuf:"varint,9,opt,name=request_works,json=requestWorks,proto3" json:"request_works,omitempty"`
	// The most pipelines, including those without results.
	Pipelines     int32 `protobuf:"varint,10,opt,name=pipelines,proto3" json:"pipelines,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *Limits) Reset() {
	*x = Limits{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[33]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *Limits) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*Limits) ProtoMessage() {}

func (x *Limits) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[33]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use Limits.ProtoReflect.Descriptor instead.
func (*Limits) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{33}
}

func (x *Limits) GetMessageBytes() int64 {
	if x != nil {
		return x.MessageBytes
	}
	return 0
}

func (x *Limits) GetWorkBytes() int64 {
	if x != nil {
		return x.WorkBytes
	}
	return 0
}

func (x *Limits) GetWorkDepth() int32 {
	if x != nil {
		return x.WorkDepth
	}
	return 0
}

func (x *Limits) GetPipelineLength() int32 {
	if x != nil {
		return x.PipelineLength
	}
	return 0
}

func (x *Limits) GetIdLength() int32 {
	if x != nil {
		return x.IdLength
	}
	return 0
}

func (x *Limits) GetTransactionResults() int32 {
	if x != nil {
		return x.TransactionResults
	}
	return 0
}

func (x *Limits) GetBatchBytes() int64 {
	if x != nil {
		return x.BatchBytes
	}
	return 0
}

func (x *Limits) GetServerSeconds() float64 {
	if x != nil {
		return x.ServerSeconds
	}
	return 0
}

func (x *Limits) GetRequestWorks() int32 {
	if x != nil {
		return x.RequestWorks
	}
	return 0
}

func (x *Limits) GetPipelines() int32 {
	if x != nil {
		return x.Pipelines
	}
	return 0
}

// How many of the results with the highest ids to stream.
type GetByCountRequest struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The pipeline of the results.
	Pipeline string `protobuf:"bytes,1,opt,name=pipeline,proto3" json:"pipeline,omitempty"`
	// How many results to stream at most. 0: no limit. Negative is INVALID_ARGUMENT.
	Count int64 `protobuf:"varint,2,opt,name=count,proto3" json:"count,omitempty"`
	// The encoding of the results. Unset: BSON.
	Format DocumentFormat `protobuf:"varint,3,opt,name=format,proto3,enum=workflow_results.v1.DocumentFormat" json:"format,omitempty"`
	// As in ViewRequest.
	ResumeToken   []byte `protobuf:"bytes,4,opt,name=resume_token,json=resumeToken,proto3" json:"resume_token,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *GetByCountRequest) Reset() {
	*x = GetByCountRequest{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[34]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *GetByCountRequest) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*GetByCountRequest) ProtoMessage() {}

func (x *GetByCountRequest) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[34]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use GetByCountRequest.ProtoReflect.Descriptor instead.
func (*GetByCountRequest) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{34}
}

func (x *GetByCountRequest) GetPipeline() string {
	if x != nil {
		return x.Pipeline
	}
	return ""
}

func (x *GetByCountRequest) GetCount() int64 {
	if x != nil {
		return x.Count
	}
	return 0
}

func (x *GetByCountRequest) GetFormat() DocumentFormat {
	if x != nil {
		return x.Format
	}
	return DocumentFormat_DOCUMENT_FORMAT_UNSPECIFIED
}

func (x *GetByCountRequest) GetResumeToken() []byte {
	if x != nil {
		return x.ResumeToken
	}
	return nil
}

// A response of GetByCount.
type GetByCountResponse struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// A part of the stream of results.
	Part          *ResultPart `protobuf:"bytes,1,opt,name=part,proto3" json:"part,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *GetByCountResponse) Reset() {
	*x = GetByCountResponse{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[35]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *GetByCountResponse) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*GetByCountResponse) ProtoMessage() {}

func (x *GetByCountResponse) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[35]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use GetByCountResponse.ProtoReflect.Descriptor instead.
func (*GetByCountResponse) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{35}
}

func (x *GetByCountResponse) GetPart() *ResultPart {
	if x != nil {
		return x.Part
	}
	return nil
}

// The ids of the results to stream.
type GetByIdRequest struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The pipeline of the results.
	Pipeline string `protobuf:"bytes,1,opt,name=pipeline,proto3" json:"pipeline,omitempty"`
	// The ids of the results.
	Ids []string `protobuf:"bytes,2,rep,name=ids,proto3" json:"ids,omitempty"`
	// The encoding of the results. Unset: BSON.
	Format DocumentFormat `protobuf:"varint,3,opt,name=format,proto3,enum=workflow_results.v1.DocumentFormat" json:"format,omitempty"`
	// As in ViewRequest.
	ResumeToken   []byte `protobuf:"bytes,4,opt,name=resume_token,json=resumeToken,proto3" json:"resume_token,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *GetByIdRequest) Reset() {
	*x = GetByIdRequest{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[36]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *GetByIdRequest) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*GetByIdRequest) ProtoMessage() {}

func (x *GetByIdRequest) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[36]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use GetByIdRequest.ProtoReflect.Descriptor instead.
func (*GetByIdRequest) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{36}
}

func (x *GetByIdRequest) GetPipeline() string {
	if x != nil {
		return x.Pipeline
	}
	return ""
}

func (x *GetByIdRequest) GetIds() []string {
	if x != nil {
		return x.Ids
	}
	return nil
}

func (x *GetByIdRequest) GetFormat() DocumentFormat {
	if x != nil {
		return x.Format
	}
	return DocumentFormat_DOCUMENT_FORMAT_UNSPECIFIED
}

func (x *GetByIdRequest) GetResumeToken() []byte {
	if x != nil {
		return x.ResumeToken
	}
	return nil
}

// A response of GetById.
type GetByIdResponse struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// A part of the stream of results.
	Part          *ResultPart `protobuf:"bytes,1,opt,name=part,proto3" json:"part,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *GetByIdResponse) Reset() {
	*x = GetByIdResponse{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[37]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *GetByIdResponse) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*GetByIdResponse) ProtoMessage() {}

func (x *GetByIdResponse) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[37]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use GetByIdResponse.ProtoReflect.Descriptor instead.
func (*GetByIdResponse) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{37}
}

func (x *GetByIdResponse) GetPart() *ResultPart {
	if x != nil {
		return x.Part
	}
	return nil
}

// The event of the results to stream.
type GetByEventRequest struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The pipeline of the results.
	Pipeline string `protobuf:"bytes,1,opt,name=pipeline,proto3" json:"pipeline,omitempty"`
	// The number of the event. Unset is INVALID_ARGUMENT.
	EventNumber *int64 `protobuf:"varint,2,opt,name=event_number,json=eventNumber,proto3,oneof" json:"event_number,omitempty"`
	// The encoding of the results. Unset: BSON.
	Format DocumentFormat `protobuf:"varint,3,opt,name=format,proto3,enum=workflow_results.v1.DocumentFormat" json:"format,omitempty"`
	// As in ViewRequest.
	ResumeToken   []byte `protobuf:"bytes,4,opt,name=resume_token,json=resumeToken,proto3" json:"resume_token,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *GetByEventRequest) Reset() {
	*x = GetByEventRequest{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[38]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *GetByEventRequest) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*GetByEventRequest) ProtoMessage() {}

func (x *GetByEventRequest) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[38]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use GetByEventRequest.ProtoReflect.Descriptor instead.
func (*GetByEventRequest) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{38}
}

func (x *GetByEventRequest) GetPipeline() string {
	if x != nil {
		return x.Pipeline
	}
	return ""
}

func (x *GetByEventRequest) GetEventNumber() int64 {
	if x != nil && x.EventNumber != nil {
		return *x.EventNumber
	}
	return 0
}

func (x *GetByEventRequest) GetFormat() DocumentFormat {
	if x != nil {
		return x.Format
	}
	return DocumentFormat_DOCUMENT_FORMAT_UNSPECIFIED
}

func (x *GetByEventRequest) GetResumeToken() []byte {
	if x != nil {
		return x.ResumeToken
	}
	return nil
}

// A response of GetByEvent.
type GetByEventResponse struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// A part of the stream of results.
	Part          *ResultPart `protobuf:"bytes,1,opt,name=part,proto3" json:"part,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *GetByEventResponse) Reset() {
	*x = GetByEventResponse{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[39]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *GetByEventResponse) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*GetByEventResponse) ProtoMessage() {}

func (x *GetByEventResponse) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[39]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use GetByEventResponse.ProtoReflect.Descriptor instead.
func (*GetByEventResponse) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{39}
}

func (x *GetByEventResponse) GetPart() *ResultPart {
	if x != nil {
		return x.Part
	}
	return nil
}

// Which locked results to stream.
type GetLockedRequest struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The pipeline of the results.
	Pipeline string `protobuf:"bytes,1,opt,name=pipeline,proto3" json:"pipeline,omitempty"`
	// How many locked results to skip. Negative is INVALID_ARGUMENT.
	Skip int64 `protobuf:"varint,2,opt,name=skip,proto3" json:"skip,omitempty"`
	// How many results to stream at most. 0: no limit. Negative is INVALID_ARGUMENT.
	Count int64 `protobuf:"varint,3,opt,name=count,proto3" json:"count,omitempty"`
	// The encoding of the results. Unset: BSON.
	Format DocumentFormat `protobuf:"varint,4,opt,name=format,proto3,enum=workflow_results.v1.DocumentFormat" json:"format,omitempty"`
	// As in ViewRequest.
	ResumeToken   []byte `protobuf:"bytes,5,opt,name=resume_token,json=resumeToken,proto3" json:"resume_token,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *GetLockedRequest) Reset() {
	*x = GetLockedRequest{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[40]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *GetLockedRequest) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*GetLockedRequest) ProtoMessage() {}

func (x *GetLockedRequest) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[40]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use GetLockedRequest.ProtoReflect.Descriptor instead.
func (*GetLockedRequest) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{40}
}

func (x *GetLockedRequest) GetPipeline() string {
	if x != nil {
		return x.Pipeline
	}
	return ""
}

func (x *GetLockedRequest) GetSkip() int64 {
	if x != nil {
		return x.Skip
	}
	return 0
}

func (x *GetLockedRequest) GetCount() int64 {
	if x != nil {
		return x.Count
	}
	return 0
}

func (x *GetLockedRequest) GetFormat() DocumentFormat {
	if x != nil {
		return x.Format
	}
	return DocumentFormat_DOCUMENT_FORMAT_UNSPECIFIED
}

func (x *GetLockedRequest) GetResumeToken() []byte {
	if x != nil {
		return x.ResumeToken
	}
	return nil
}

// A response of GetLocked.
type GetLockedResponse struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// A part of the stream of results.
	Part          *ResultPart `protobuf:"bytes,1,opt,name=part,proto3" json:"part,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *GetLockedResponse) Reset() {
	*x = GetLockedResponse{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[41]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *GetLockedResponse) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*GetLockedResponse) ProtoMessage() {}

func (x *GetLockedResponse) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[41]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use GetLockedResponse.ProtoReflect.Descriptor instead.
func (*GetLockedResponse) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{41}
}

func (x *GetLockedResponse) GetPart() *ResultPart {
	if x != nil {
		return x.Part
	}
	return nil
}

// Whose locked results to count.
type GetLockedCountRequest struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The pipeline of the results.
	Pipeline      string `protobuf:"bytes,1,opt,name=pipeline,proto3" json:"pipeline,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *GetLockedCountRequest) Reset() {
	*x = GetLockedCountRequest{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[42]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *GetLockedCountRequest) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*GetLockedCountRequest) ProtoMessage() {}

func (x *GetLockedCountRequest) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[42]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use GetLockedCountRequest.ProtoReflect.Descriptor instead.
func (*GetLockedCountRequest) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{42}
}

func (x *GetLockedCountRequest) GetPipeline() string {
	if x != nil {
		return x.Pipeline
	}
	return ""
}

// The number of locked results.
type GetLockedCountResponse struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The number of locked results.
	Count         int64 `protobuf:"varint,1,opt,name=count,proto3" json:"count,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *GetLockedCountResponse) Reset() {
	*x = GetLockedCountResponse{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[43]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *GetLockedCountResponse) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*GetLockedCountResponse) ProtoMessage() {}

func (x *GetLockedCountResponse) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[43]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use GetLockedCountResponse.ProtoReflect.Descriptor instead.
func (*GetLockedCountResponse) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{43}
}

func (x *GetLockedCountResponse) GetCount() int64 {
	if x != nil {
		return x.Count
	}
	return 0
}

// What to watch.
type WatchRequest struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The pipelines of the results. Empty: all that the caller may use, now or when they are created.
	Pipelines []string `protobuf:"bytes,1,rep,name=pipelines,proto3" json:"pipelines,omitempty"`
	// A MongoDB filter, as in ViewRequest.
	Query *EncodedDocument `protobuf:"bytes,2,opt,name=query,proto3" json:"query,omitempty"`
	// A MongoDB projection, as in ViewRequest.
	Projection *EncodedDocument `protobuf:"bytes,3,opt,name=projection,proto3" json:"projection,omitempty"`
	// The encoding of the results. Unset: BSON.
	Format DocumentFormat `protobuf:"varint,4,opt,name=format,proto3,enum=workflow_results.v1.DocumentFormat" json:"format,omitempty"`
	// Whether the results that are there come first.
	Snapshot bool `protobuf:"varint,5,opt,name=snapshot,proto3" json:"snapshot,omitempty"`
	// Empty, or the last token received from a stream that broke; the other fields must then be unchanged. A snapshot
	// that was not complete goes on, one that was complete is not sent again.
	ResumeToken   []byte `protobuf:"bytes,6,opt,name=resume_token,json=resumeToken,proto3" json:"resume_token,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *WatchRequest) Reset() {
	*x = WatchRequest{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[44]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *WatchRequest) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*WatchRequest) ProtoMessage() {}

func (x *WatchRequest) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[44]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use WatchRequest.ProtoReflect.Descriptor instead.
func (*WatchRequest) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{44}
}

func (x *WatchRequest) GetPipelines() []string {
	if x != nil {
		return x.Pipelines
	}
	return nil
}

func (x *WatchRequest) GetQuery() *EncodedDocument {
	if x != nil {
		return x.Query
	}
	return nil
}

func (x *WatchRequest) GetProjection() *EncodedDocument {
	if x != nil {
		return x.Projection
	}
	return nil
}

func (x *WatchRequest) GetFormat() DocumentFormat {
	if x != nil {
		return x.Format
	}
	return DocumentFormat_DOCUMENT_FORMAT_UNSPECIFIED
}

func (x *WatchRequest) GetSnapshot() bool {
	if x != nil {
		return x.Snapshot
	}
	return false
}

func (x *WatchRequest) GetResumeToken() []byte {
	if x != nil {
		return x.ResumeToken
	}
	return nil
}

// One change of a result.
type WatchEvent struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// What happened.
	Kind ChangeKind `protobuf:"varint,1,opt,name=kind,proto3,enum=workflow_results.v1.ChangeKind" json:"kind,omitempty"`
	// The pipeline of the result.
	Pipeline string `protobuf:"bytes,2,opt,name=pipeline,proto3" json:"pipeline,omitempty"`
	// The id of the result.
	Id string `protobuf:"bytes,3,opt,name=id,proto3" json:"id,omitempty"`
	// When, by the clock of MongoDB or of the server that made the change. Unset for EXISTING.
	Time *timestamppb.Timestamp `protobuf:"bytes,4,opt,name=time,proto3" json:"time,omitempty"`
	// The name of the caller's token or certificate, for changes by Update, DeleteIds, Lock and Unlock. Empty if the
	// server has no tokens file.
	Caller string `protobuf:"bytes,5,opt,name=caller,proto3" json:"caller,omitempty"`
	// Why, as the caller gave it.
	Reason string `protobuf:"bytes,6,opt,name=reason,proto3" json:"reason,omitempty"`
	// The top-level fields that an Update set, as in HistoryEntry.
	Fields []string `protobuf:"bytes,7,rep,name=fields,proto3" json:"fields,omitempty"`
	// The position of the result among `results` of the response. Unset for DELETED, UNMATCHED and DROPPED.
	ResultIndex   *int32 `protobuf:"varint,8,opt,name=result_index,json=resultIndex,proto3,oneof" json:"result_index,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *WatchEvent) Reset() {
	*x = WatchEvent{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[45]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *WatchEvent) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*WatchEvent) ProtoMessage() {}

func (x *WatchEvent) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[45]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use WatchEvent.ProtoReflect.Descriptor instead.
func (*WatchEvent) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{45}
}

func (x *WatchEvent) GetKind() ChangeKind {
	if x != nil {
		return x.Kind
	}
	return ChangeKind_CHANGE_KIND_UNSPECIFIED
}

func (x *WatchEvent) GetPipeline() string {
	if x != nil {
		return x.Pipeline
	}
	return ""
}

func (x *WatchEvent) GetId() string {
	if x != nil {
		return x.Id
	}
	return ""
}

func (x *WatchEvent) GetTime() *timestamppb.Timestamp {
	if x != nil {
		return x.Time
	}
	return nil
}

func (x *WatchEvent) GetCaller() string {
	if x != nil {
		return x.Caller
	}
	return ""
}

func (x *WatchEvent) GetReason() string {
	if x != nil {
		return x.Reason
	}
	return ""
}

func (x *WatchEvent) GetFields() []string {
	if x != nil {
		return x.Fields
	}
	return nil
}

func (x *WatchEvent) GetResultIndex() int32 {
	if x != nil && x.ResultIndex != nil {
		return *x.ResultIndex
	}
	return 0
}

// A response of Watch.
type WatchResponse struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The changes. Without any, all watched changes up to `resume_token` have been sent; with no token either, the
	// response only shows that the stream is alive.
	Events []*WatchEvent `protobuf:"bytes,1,rep,name=events,proto3" json:"events,omitempty"`
	// The results of the events, each once.
	Results *EncodedDocuments `protobuf:"bytes,2,opt,name=results,proto3" json:"results,omitempty"`
	// Where to resume behind this response. Empty: more events belong to it, and a stream that breaks is resumed with the
	// token before.
	ResumeToken []byte `protobuf:"bytes,3,opt,name=resume_token,json=resumeToken,proto3" json:"resume_token,omitempty"`
	// Whether the snapshot ends with this response.
	SnapshotComplete bool `protobuf:"varint,4,opt,name=snapshot_complete,json=snapshotComplete,proto3" json:"snapshot_complete,omitempty"`
	unknownFields    protoimpl.UnknownFields
	sizeCache        protoimpl.SizeCache
}

func (x *WatchResponse) Reset() {
	*x = WatchResponse{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[46]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *WatchResponse) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*WatchResponse) ProtoMessage() {}

func (x *WatchResponse) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[46]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use WatchResponse.ProtoReflect.Descriptor instead.
func (*WatchResponse) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{46}
}

func (x *WatchResponse) GetEvents() []*WatchEvent {
	if x != nil {
		return x.Events
	}
	return nil
}

func (x *WatchResponse) GetResults() *EncodedDocuments {
	if x != nil {
		return x.Results
	}
	return nil
}

func (x *WatchResponse) GetResumeToken() []byte {
	if x != nil {
		return x.ResumeToken
	}
	return nil
}

func (x *WatchResponse) GetSnapshotComplete() bool {
	if x != nil {
		return x.SnapshotComplete
	}
	return false
}

// A result, or a pipeline, whose changes to list.
type HistoryRequest struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The pipeline.
	Pipeline string `protobuf:"bytes,1,opt,name=pipeline,proto3" json:"pipeline,omitempty"`
	// The id of the result. Empty for the changes of the pipeline itself, which are those by DropPipeline.
	Id string `protobuf:"bytes,2,opt,name=id,proto3" json:"id,omitempty"`
	// How many entries to return at most. 0: 100, which is also the most. Negative is INVALID_ARGUMENT.
	PageSize int32 `protobuf:"varint,3,opt,name=page_size,json=pageSize,proto3" json:"page_size,omitempty"`
	// Empty, or the `next_page_token` of the page before; the other fields must then be unchanged.
	PageToken     string `protobuf:"bytes,4,opt,name=page_token,json=pageToken,proto3" json:"page_token,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *HistoryRequest) Reset() {
	*x = HistoryRequest{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[47]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *HistoryRequest) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*HistoryRequest) ProtoMessage() {}

func (x *HistoryRequest) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[47]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use HistoryRequest.ProtoReflect.Descriptor instead.
func (*HistoryRequest) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{47}
}

func (x *HistoryRequest) GetPipeline() string {
	if x != nil {
		return x.Pipeline
	}
	return ""
}

func (x *HistoryRequest) GetId() string {
	if x != nil {
		return x.Id
	}
	return ""
}

func (x *HistoryRequest) GetPageSize() int32 {
	if x != nil {
		return x.PageSize
	}
	return 0
}

func (x *HistoryRequest) GetPageToken() string {
	if x != nil {
		return x.PageToken
	}
	return ""
}

// The changes of a result, or some of them.
type HistoryResponse struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The newest first.
	Entries []*HistoryEntry `protobuf:"bytes,1,rep,name=entries,proto3" json:"entries,omitempty"`
	// Empty on the last page.
	NextPageToken string `protobuf:"bytes,2,opt,name=next_page_token,json=nextPageToken,proto3" json:"next_page_token,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *HistoryResponse) Reset() {
	*x = HistoryResponse{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[48]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *HistoryResponse) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*HistoryResponse) ProtoMessage() {}

func (x *HistoryResponse) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[48]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use HistoryResponse.ProtoReflect.Descriptor instead.
func (*HistoryResponse) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{48}
}

func (x *HistoryResponse) GetEntries() []*HistoryEntry {
	if x != nil {
		return x.Entries
	}
	return nil
}

func (x *HistoryResponse) GetNextPageToken() string {
	if x != nil {
		return x.NextPageToken
	}
	return ""
}

// One change of a result, or of a pipeline.
type HistoryEntry struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// When, by the clock of the server that made the change.
	Time *timestamppb.Timestamp `protobuf:"bytes,1,opt,name=time,proto3" json:"time,omitempty"`
	// What was done.
	Method ChangeMethod `protobuf:"varint,2,opt,name=method,proto3,enum=workflow_results.v1.ChangeMethod" json:"method,omitempty"`
	// The name of the caller's token or certificate. Empty if the server has no tokens file.
	Caller string `protobuf:"bytes,3,opt,name=caller,proto3" json:"caller,omitempty"`
	// The top-level fields that an Update set, in the order of the work; only the first ones, if their names have more
	// than 16,384 characters in total. Otherwise empty.
	Fields []string `protobuf:"bytes,4,rep,name=fields,proto3" json:"fields,omitempty"`
	// Why, as the caller gave it.
	Reason string `protobuf:"bytes,5,opt,name=reason,proto3" json:"reason,omitempty"`
	// The `request_id` that the caller gave.
	RequestId string `protobuf:"bytes,6,opt,name=request_id,json=requestId,proto3" json:"request_id,omitempty"`
	// How many results of the pipeline the request named, including this one. 0 for DropPipeline.
	ResultCount int32 `protobuf:"varint,7,opt,name=result_count,json=resultCount,proto3" json:"result_count,omitempty"`
	// How many top-level fields an Update set.
	FieldCount    int32 `protobuf:"varint,8,opt,name=field_count,json=fieldCount,proto3" json:"field_count,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *HistoryEntry) Reset() {
	*x = HistoryEntry{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[49]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *HistoryEntry) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*HistoryEntry) ProtoMessage() {}

func (x *HistoryEntry) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[49]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use HistoryEntry.ProtoReflect.Descriptor instead.
func (*HistoryEntry) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{49}
}

func (x *HistoryEntry) GetTime() *timestamppb.Timestamp {
	if x != nil {
		return x.Time
	}
	return nil
}

func (x *HistoryEntry) GetMethod() ChangeMethod {
	if x != nil {
		return x.Method
	}
	return ChangeMethod_CHANGE_METHOD_UNSPECIFIED
}

func (x *HistoryEntry) GetCaller() string {
	if x != nil {
		return x.Caller
	}
	return ""
}

func (x *HistoryEntry) GetFields() []string {
	if x != nil {
		return x.Fields
	}
	return nil
}

func (x *HistoryEntry) GetReason() string {
	if x != nil {
		return x.Reason
	}
	return ""
}

func (x *HistoryEntry) GetRequestId() string {
	if x != nil {
		return x.RequestId
	}
	return ""
}

func (x *HistoryEntry) GetResultCount() int32 {
	if x != nil {
		return x.ResultCount
	}
	return 0
}

func (x *HistoryEntry) GetFieldCount() int32 {
	if x != nil {
		return x.FieldCount
	}
	return 0
}

// A pipeline to be dropped.
type DropPipelineRequest struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The pipeline.
	Pipeline string `protobuf:"bytes,1,opt,name=pipeline,proto3" json:"pipeline,omitempty"`
	// As in UpdateRequest.
	Reason        string `protobuf:"bytes,2,opt,name=reason,proto3" json:"reason,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *DropPipelineRequest) Reset() {
	*x = DropPipelineRequest{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[50]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *DropPipelineRequest) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*DropPipelineRequest) ProtoMessage() {}

func (x *DropPipelineRequest) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[50]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use DropPipelineRequest.ProtoReflect.Descriptor instead.
func (*DropPipelineRequest) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{50}
}

func (x *DropPipelineRequest) GetPipeline() string {
	if x != nil {
		return x.Pipeline
	}
	return ""
}

func (x *DropPipelineRequest) GetReason() string {
	if x != nil {
		return x.Reason
	}
	return ""
}

// The outcome of a DropPipeline.
type DropPipelineResponse struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// True when the pipeline was dropped; false when it did not exist.
	Dropped       bool `protobuf:"varint,1,opt,name=dropped,proto3" json:"dropped,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *DropPipelineResponse) Reset() {
	*x = DropPipelineResponse{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[51]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *DropPipelineResponse) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*DropPipelineResponse) ProtoMessage() {}

func (x *DropPipelineResponse) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[51]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use DropPipelineResponse.ProtoReflect.Descriptor instead.
func (*DropPipelineResponse) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{51}
}

func (x *DropPipelineResponse) GetDropped() bool {
	if x != nil {
		return x.Dropped
	}
	return false
}

// An index on a field.
type FieldIndex struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The path of the field.
	Field string `protobuf:"bytes,1,opt,name=field,proto3" json:"field,omitempty"`
	// How much disk space it takes, in bytes.
	SizeBytes int64 `protobuf:"varint,2,opt,name=size_bytes,json=sizeBytes,proto3" json:"size_bytes,omitempty"`
	// Whether it serves queries. False while it is being built.
	Ready         bool `protobuf:"varint,3,opt,name=ready,proto3" json:"ready,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *FieldIndex) Reset() {
	*x = FieldIndex{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[52]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *FieldIndex) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*FieldIndex) ProtoMessage() {}

func (x *FieldIndex) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[52]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use FieldIndex.ProtoReflect.Descriptor instead.
func (*FieldIndex) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{52}
}

func (x *FieldIndex) GetField() string {
	if x != nil {
		return x.Field
	}
	return ""
}

func (x *FieldIndex) GetSizeBytes() int64 {
	if x != nil {
		return x.SizeBytes
	}
	return 0
}

func (x *FieldIndex) GetReady() bool {
	if x != nil {
		return x.Ready
	}
	return false
}

// A pipeline whose indexes to list.
type ListIndexesRequest struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The pipeline.
	Pipeline      string `protobuf:"bytes,1,opt,name=pipeline,proto3" json:"pipeline,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *ListIndexesRequest) Reset() {
	*x = ListIndexesRequest{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[53]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *ListIndexesRequest) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*ListIndexesRequest) ProtoMessage() {}

func (x *ListIndexesRequest) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[53]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use ListIndexesRequest.ProtoReflect.Descriptor instead.
func (*ListIndexesRequest) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{53}
}

func (x *ListIndexesRequest) GetPipeline() string {
	if x != nil {
		return x.Pipeline
	}
	return ""
}

// The indexes of a pipeline.
type ListIndexesResponse struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// In the order of their fields.
	Indexes       []*FieldIndex `protobuf:"bytes,1,rep,name=indexes,proto3" json:"indexes,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *ListIndexesResponse) Reset() {
	*x = ListIndexesResponse{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[54]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *ListIndexesResponse) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*ListIndexesResponse) ProtoMessage() {}

func (x *ListIndexesResponse) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[54]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use ListIndexesResponse.ProtoReflect.Descriptor instead.
func (*ListIndexesResponse) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{54}
}

func (x *ListIndexesResponse) GetIndexes() []*FieldIndex {
	if x != nil {
		return x.Indexes
	}
	return nil
}

// A field to build an index on.
type CreateIndexRequest struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The pipeline.
	Pipeline string `protobuf:"bytes,1,opt,name=pipeline,proto3" json:"pipeline,omitempty"`
	// The field, as a path like `results.snr`.
	Field         string `protobuf:"bytes,2,opt,name=field,proto3" json:"field,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *CreateIndexRequest) Reset() {
	*x = CreateIndexRequest{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[55]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *CreateIndexRequest) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*CreateIndexRequest) ProtoMessage() {}

func (x *CreateIndexRequest) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[55]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use CreateIndexRequest.ProtoReflect.Descriptor instead.
func (*CreateIndexRequest) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{55}
}

func (x *CreateIndexRequest) GetPipeline() string {
	if x != nil {
		return x.Pipeline
	}
	return ""
}

func (x *CreateIndexRequest) GetField() string {
	if x != nil {
		return x.Field
	}
	return ""
}

// The index on the field.
type CreateIndexResponse struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The index, which may have been there before.
	Index         *FieldIndex `protobuf:"bytes,1,opt,name=index,proto3" json:"index,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *CreateIndexResponse) Reset() {
	*x = CreateIndexResponse{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[56]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *CreateIndexResponse) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*CreateIndexResponse) ProtoMessage() {}

func (x *CreateIndexResponse) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[56]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use CreateIndexResponse.ProtoReflect.Descriptor instead.
func (*CreateIndexResponse) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{56}
}

func (x *CreateIndexResponse) GetIndex() *FieldIndex {
	if x != nil {
		return x.Index
	}
	return nil
}

// A field whose index to drop.
type DropIndexRequest struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The pipeline.
	Pipeline string `protobuf:"bytes,1,opt,name=pipeline,proto3" json:"pipeline,omitempty"`
	// The field, as a path like `results.snr`.
	Field         string `protobuf:"bytes,2,opt,name=field,proto3" json:"field,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *DropIndexRequest) Reset() {
	*x = DropIndexRequest{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[57]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *DropIndexRequest) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*DropIndexRequest) ProtoMessage() {}

func (x *DropIndexRequest) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[57]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use DropIndexRequest.ProtoReflect.Descriptor instead.
func (*DropIndexRequest) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{57}
}

func (x *DropIndexRequest) GetPipeline() string {
	if x != nil {
		return x.Pipeline
	}
	return ""
}

func (x *DropIndexRequest) GetField() string {
	if x != nil {
		return x.Field
	}
	return ""
}

// Whether an index was dropped.
type DropIndexResponse struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// False: there was none.
	Dropped       bool `protobuf:"varint,1,opt,name=dropped,proto3" json:"dropped,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *DropIndexResponse) Reset() {
	*x = DropIndexResponse{}
	mi := &file_workflow_results_v1_results_proto_msgTypes[58]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *DropIndexResponse) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*DropIndexResponse) ProtoMessage() {}

func (x *DropIndexResponse) ProtoReflect() protoreflect.Message {
	mi := &file_workflow_results_v1_results_proto_msgTypes[58]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use DropIndexResponse.ProtoReflect.Descriptor instead.
func (*DropIndexResponse) Descriptor() ([]byte, []int) {
	return file_workflow_results_v1_results_proto_rawDescGZIP(), []int{58}
}

func (x *DropIndexResponse) GetDropped() bool {
	if x != nil {
		return x.Dropped
	}
	return false
}

var File_workflow_results_v1_results_proto protoreflect.FileDescriptor

const file_workflow_results_v1_results_proto_rawDesc = "" +
	"\n" +
	"!workflow_results/v1/results.proto\x12\x13workflow_results.v1\x1a\x1fgoogle/protobuf/timestamp.proto\x1a workflow_results/v1/errors.proto\"E\n" +
	"\x0fEncodedDocument\x12\x14\n" +
	"\x04bson\x18\x01 \x01(\fH\x00R\x04bson\x12\x14\n" +
	"\x04json\x18\x02 \x01(\tH\x00R\x04jsonB\x06\n" +
	"\x04form\":\n" +
	"\x10EncodedDocuments\x12\x12\n" +
	"\x04bson\x18\x01 \x01(\fR\x04bson\x12\x12\n" +
	"\x04json\x18\x02 \x03(\tR\x04json\"y\n" +
	"\tRejection\x12\x14\n" +
	"\x05index\x18\x01 \x01(\x05R\x05index\x12<\n" +
	"\x06reason\x18\x02 \x01(\x0e2$.workflow_results.v1.RejectionReasonR\x06reason\x12\x18\n" +
	"\amessage\x18\x03 \x01(\tR\amessage\"M\n" +
	"\x0eDepositRequest\x12;\n" +
	"\x05works\x18\x01 \x01(\v2%.workflow_results.v1.EncodedDocumentsR\x05works\"\x92\x01\n" +
	"\x0fDepositResponse\x12?\n" +
	"\boutcomes\x18\x01 \x03(\x0e2#.workflow_results.v1.DepositOutcomeR\boutcomes\x12>\n" +
	"\n" +
	"rejections\x18\x02 \x03(\v2\x1e.workflow_results.v1.RejectionR\n" +
	"rejections\"o\n" +
	"\x14DepositStreamRequest\x12\x1a\n" +
	"\bsequence\x18\x01 \x01(\x04R\bsequence\x12;\n" +
	"\x05works\x18\x02 \x01(\v2%.workflow_results.v1.EncodedDocumentsR\x05works\"\xb4\x01\n" +
	"\x15DepositStreamResponse\x12\x1a\n" +
	"\bsequence\x18\x01 \x01(\x04R\bsequence\x12?\n" +
	"\boutcomes\x18\x02 \x03(\x0e2#.workflow_results.v1.DepositOutcomeR\boutcomes\x12>\n" +
	"\n" +
	"rejections\x18\x03 \x03(\v2\x1e.workflow_results.v1.RejectionR\n" +
	"rejections\"q\n" +
	"\aRefusal\x12\x1a\n" +
	"\bpipeline\x18\x01 \x01(\tR\bpipeline\x12\x0e\n" +
	"\x02id\x18\x02 \x01(\tR\x02id\x12:\n" +
	"\x06reason\x18\x03 \x01(\x0e2\".workflow_results.v1.RefusalReasonR\x06reason\"\x88\x01\n" +
	"\rChangeOutcome\x12\x18\n" +
	"\aapplied\x18\x01 \x01(\bR\aapplied\x128\n" +
	"\brefusals\x18\x02 \x03(\v2\x1c.workflow_results.v1.RefusalR\brefusals\x12#\n" +
	"\rrefusal_count\x18\x03 \x01(\x05R\frefusalCount\"\x83\x01\n" +
	"\rUpdateRequest\x12;\n" +
	"\x05works\x18\x01 \x01(\v2%.workflow_results.v1.EncodedDocumentsR\x05works\x12\x16\n" +
	"\x06reason\x18\x02 \x01(\tR\x06reason\x12\x1d\n" +
	"\n" +
	"request_id\x18\x03 \x01(\tR\trequestId\"N\n" +
	"\x0eUpdateResponse\x12<\n" +
	"\aoutcome\x18\x01 \x01(\v2\".workflow_results.v1.ChangeOutcomeR\aoutcome\"w\n" +
	"\x10DeleteIdsRequest\x12\x1a\n" +
	"\bpipeline\x18\x01 \x01(\tR\bpipeline\x12\x10\n" +
	"\x03ids\x18\x02 \x03(\tR\x03ids\x12\x16\n" +
	"\x06reason\x18\x03 \x01(\tR\x06reason\x12\x1d\n" +
	"\n" +
	"request_id\x18\x04 \x01(\tR\trequestId\"Q\n" +
	"\x11DeleteIdsResponse\x12<\n" +
	"\aoutcome\x18\x01 \x01(\v2\".workflow_results.v1.ChangeOutcomeR\aoutcome\"r\n" +
	"\vLockRequest\x12\x1a\n" +
	"\bpipeline\x18\x01 \x01(\tR\bpipeline\x12\x10\n" +
	"\x03ids\x18\x02 \x03(\tR\x03ids\x12\x16\n" +
	"\x06reason\x18\x03 \x01(\tR\x06reason\x12\x1d\n" +
	"\n" +
	"request_id\x18\x04 \x01(\tR\trequestId\"L\n" +
	"\fLockResponse\x12<\n" +
	"\aoutcome\x18\x01 \x01(\v2\".workflow_results.v1.ChangeOutcomeR\aoutcome\"\x8a\x01\n" +
	"\rUnlockRequest\x12\x1a\n" +
	"\bpipeline\x18\x01 \x01(\tR\bpipeline\x12\x10\n" +
	"\x03ids\x18\x02 \x03(\tR\x03ids\x12\x14\n" +
	"\x05force\x18\x03 \x01(\bR\x05force\x12\x16\n" +
	"\x06reason\x18\x04 \x01(\tR\x06reason\x12\x1d\n" +
	"\n" +
	"request_id\x18\x05 \x01(\tR\trequestId\"q\n" +
	"\x0eUnlockResponse\x12<\n" +
	"\aoutcome\x18\x01 \x01(\v2\".workflow_results.v1.ChangeOutcomeR\aoutcome\x12!\n" +
	"\flocked_count\x18\x02 \x01(\x05R\vlockedCount\"q\n" +
	"\vResultBatch\x12?\n" +
	"\aresults\x18\x01 \x01(\v2%.workflow_results.v1.EncodedDocumentsR\aresults\x12!\n" +
	"\fresume_token\x18\x02 \x01(\fR\vresumeToken\"#\n" +
	"\vReadSummary\x12\x14\n" +
	"\x05count\x18\x01 \x01(\x03R\x05count\"\x80\x01\n" +
	"\n" +
	"ResultPart\x126\n" +
	"\x05batch\x18\x01 \x01(\v2 .workflow_results.v1.ResultBatchR\x05batch\x12:\n" +
	"\asummary\x18\x02 \x01(\v2 .workflow_results.v1.ReadSummaryR\asummary\"\xb5\x02\n" +
	"\vViewRequest\x12\x1a\n" +
	"\bpipeline\x18\x01 \x01(\tR\bpipeline\x12:\n" +
	"\x05query\x18\x02 \x01(\v2$.workflow_results.v1.EncodedDocumentR\x05query\x12D\n" +
	"\n" +
	"projection\x18\x03 \x01(\v2$.workflow_results.v1.EncodedDocumentR\n" +
	"projection\x12\x12\n" +
	"\x04skip\x18\x04 \x01(\x03R\x04skip\x12\x14\n" +
	"\x05limit\x18\x05 \x01(\x03R\x05limit\x12;\n" +
	"\x06format\x18\x06 \x01(\x0e2#.workflow_results.v1.DocumentFormatR\x06format\x12!\n" +
	"\fresume_token\x18\a \x01(\fR\vresumeToken\"C\n" +
	"\fViewResponse\x123\n" +
	"\x04part\x18\x01 \x01(\v2\x1f.workflow_results.v1.ResultPartR\x04part\"f\n" +
	"\fCountRequest\x12\x1a\n" +
	"\bpipeline\x18\x01 \x01(\tR\bpipeline\x12:\n" +
	"\x05query\x18\x02 \x01(\v2$.workflow_results.v1.EncodedDocumentR\x05query\"%\n" +
	"\rCountResponse\x12\x14\n" +
	"\x05count\x18\x01 \x01(\x03R\x05count\"\xb1\x02\n" +
	"\n" +
	"TopRequest\x12\x1a\n" +
	"\bpipeline\x18\x01 \x01(\tR\bpipeline\x12\x14\n" +
	"\x05field\x18\x02 \x01(\tR\x05field\x12:\n" +
	"\x05query\x18\x03 \x01(\v2$.workflow_results.v1.EncodedDocumentR\x05query\x12D\n" +
	"\n" +
	"projection\x18\x04 \x01(\v2$.workflow_results.v1.EncodedDocumentR\n" +
	"projection\x12\x14\n" +
	"\x05limit\x18\x05 \x01(\x05R\x05limit\x12\x1c\n" +
	"\tascending\x18\x06 \x01(\bR\tascending\x12;\n" +
	"\x06format\x18\a \x01(\x0e2#.workflow_results.v1.DocumentFormatR\x06format\"B\n" +
	"\vTopResponse\x123\n" +
	"\x04part\x18\x01 \x01(\v2\x1f.workflow_results.v1.ResultPartR\x04part\"\xbb\x01\n" +
	"\x0eCountByRequest\x12\x1a\n" +
	"\bpipeline\x18\x01 \x01(\tR\bpipeline\x12\x14\n" +
	"\x05field\x18\x02 \x01(\tR\x05field\x12:\n" +
	"\x05query\x18\x03 \x01(\v2$.workflow_results.v1.EncodedDocumentR\x05query\x12;\n" +
	"\x06format\x18\x04 \x01(\x0e2#.workflow_results.v1.DocumentFormatR\x06format\"^\n" +
	"\n" +
	"ValueCount\x12:\n" +
	"\x05value\x18\x01 \x01(\v2$.workflow_results.v1.EncodedDocumentR\x05value\x12\x14\n" +
	"\x05count\x18\x02 \x01(\x03R\x05count\"\x86\x01\n" +
	"\x0fCountByResponse\x127\n" +
	"\x06counts\x18\x01 \x03(\v2\x1f.workflow_results.v1.ValueCountR\x06counts\x12\x19\n" +
	"\bhas_more\x18\x02 \x01(\bR\ahasMore\x12\x1f\n" +
	"\vother_count\x18\x03 \x01(\x03R\n" +
	"otherCount\"\x0f\n" +
	"\rStatusRequest\"\x94\x01\n" +
	"\x0eStatusResponse\x12G\n" +
	"\x06counts\x18\x01 \x03(\v2/.workflow_results.v1.StatusResponse.CountsEntryR\x06counts\x1a9\n" +
	"\vCountsEntry\x12\x10\n" +
	"\x03key\x18\x01 \x01(\tR\x03key\x12\x14\n" +
	"\x05value\x18\x02 \x01(\x03R\x05value:\x028\x01\"\r\n" +
	"\vInfoRequest\"\xce\x01\n" +
	"\fInfoResponse\x12%\n" +
	"\x0eserver_version\x18\x01 \x01(\tR\rserverVersion\x12\x1f\n" +
	"\vapi_version\x18\x02 \x01(\tR\n" +
	"apiVersion\x12'\n" +
	"\x0fmongodb_version\x18\x03 \x01(\tR\x0emongodbVersion\x123\n" +
	"\x06limits\x18\x04 \x01(\v2\x1b.workflow_results.v1.LimitsR\x06limits\x12\x18\n" +
	"\achecker\x18\x05 \x01(\tR\achecker\"\xed\x02\n" +
	"\x06Limits\x12#\n" +
	"\rmessage_bytes\x18\x01 \x01(\x03R\fmessageBytes\x12\x1d\n" +
	"\n" +
	"work_bytes\x18\x02 \x01(\x03R\tworkBytes\x12\x1d\n" +
	"\n" +
	"work_depth\x18\x03 \x01(\x05R\tworkDepth\x12'\n" +
	"\x0fpipeline_length\x18\x04 \x01(\x05R\x0epipelineLength\x12\x1b\n" +
	"\tid_length\x18\x05 \x01(\x05R\bidLength\x12/\n" +
	"\x13transaction_results\x18\x06 \x01(\x05R\x12transactionResults\x12\x1f\n" +
	"\vbatch_bytes\x18\a \x01(\x03R\n" +
	"batchBytes\x12%\n" +
	"\x0eserver_seconds\x18\b \x01(\x01R\rserverSeconds\x12#\n" +
	"\rrequest_works\x18\t \x01(\x05R\frequestWorks\x12\x1c\n" +
	"\tpipelines\x18\n" +
	" \x01(\x05R\tpipelines\"\xa5\x01\n" +
	"\x11GetByCountRequest\x12\x1a\n" +
	"\bpipeline\x18\x01 \x01(\tR\bpipeline\x12\x14\n" +
	"\x05count\x18\x02 \x01(\x03R\x05count\x12;\n" +
	"\x06format\x18\x03 \x01(\x0e2#.workflow_results.v1.DocumentFormatR\x06format\x12!\n" +
	"\fresume_token\x18\x04 \x01(\fR\vresumeToken\"I\n" +
	"\x12GetByCountResponse\x123\n" +
	"\x04part\x18\x01 \x01(\v2\x1f.workflow_results.v1.ResultPartR\x04part\"\x9e\x01\n" +
	"\x0eGetByIdRequest\x12\x1a\n" +
	"\bpipeline\x18\x01 \x01(\tR\bpipeline\x12\x10\n" +
	"\x03ids\x18\x02 \x03(\tR\x03ids\x12;\n" +
	"\x06format\x18\x03 \x01(\x0e2#.workflow_results.v1.DocumentFormatR\x06format\x12!\n" +
	"\fresume_token\x18\x04 \x01(\fR\vresumeToken\"F\n" +
	"\x0fGetByIdResponse\x123\n" +
	"\x04part\x18\x01 \x01(\v2\x1f.workflow_results.v1.ResultPartR\x04part\"\xc8\x01\n" +
	"\x11GetByEventRequest\x12\x1a\n" +
	"\bpipeline\x18\x01 \x01(\tR\bpipeline\x12&\n" +
	"\fevent_number\x18\x02 \x01(\x03H\x00R\veventNumber\x88\x01\x01\x12;\n" +
	"\x06format\x18\x03 \x01(\x0e2#.workflow_results.v1.DocumentFormatR\x06format\x12!\n" +
	"\fresume_token\x18\x04 \x01(\fR\vresumeTokenB\x0f\n" +
	"\r_event_number\"I\n" +
	"\x12GetByEventResponse\x123\n" +
	"\x04part\x18\x01 \x01(\v2\x1f.workflow_results.v1.ResultPartR\x04part\"\xb8\x01\n" +
	"\x10GetLockedRequest\x12\x1a\n" +
	"\bpipeline\x18\x01 \x01(\tR\bpipeline\x12\x12\n" +
	"\x04skip\x18\x02 \x01(\x03R\x04skip\x12\x14\n" +
	"\x05count\x18\x03 \x01(\x03R\x05count\x12;\n" +
	"\x06format\x18\x04 \x01(\x0e2#.workflow_results.v1.DocumentFormatR\x06format\x12!\n" +
	"\fresume_token\x18\x05 \x01(\fR\vresumeToken\"H\n" +
	"\x11GetLockedResponse\x123\n" +
	"\x04part\x18\x01 \x01(\v2\x1f.workflow_results.v1.ResultPartR\x04part\"3\n" +
	"\x15GetLockedCountRequest\x12\x1a\n" +
	"\bpipeline\x18\x01 \x01(\tR\bpipeline\".\n" +
	"\x16GetLockedCountResponse\x12\x14\n" +
	"\x05count\x18\x01 \x01(\x03R\x05count\"\xaa\x02\n" +
	"\fWatchRequest\x12\x1c\n" +
	"\tpipelines\x18\x01 \x03(\tR\tpipelines\x12:\n" +
	"\x05query\x18\x02 \x01(\v2$.workflow_results.v1.EncodedDocumentR\x05query\x12D\n" +
	"\n" +
	"projection\x18\x03 \x01(\v2$.workflow_results.v1.EncodedDocumentR\n" +
	"projection\x12;\n" +
	"\x06format\x18\x04 \x01(\x0e2#.workflow_results.v1.DocumentFormatR\x06format\x12\x1a\n" +
	"\bsnapshot\x18\x05 \x01(\bR\bsnapshot\x12!\n" +
	"\fresume_token\x18\x06 \x01(\fR\vresumeToken\"\x9e\x02\n" +
	"\n" +
	"WatchEvent\x123\n" +
	"\x04kind\x18\x01 \x01(\x0e2\x1f.workflow_results.v1.ChangeKindR\x04kind\x12\x1a\n" +
	"\bpipeline\x18\x02 \x01(\tR\bpipeline\x12\x0e\n" +
	"\x02id\x18\x03 \x01(\tR\x02id\x12.\n" +
	"\x04time\x18\x04 \x01(\v2\x1a.google.protobuf.TimestampR\x04time\x12\x16\n" +
	"\x06caller\x18\x05 \x01(\tR\x06caller\x12\x16\n" +
	"\x06reason\x18\x06 \x01(\tR\x06reason\x12\x16\n" +
	"\x06fields\x18\a \x03(\tR\x06fields\x12&\n" +
	"\fresult_index\x18\b \x01(\x05H\x00R\vresultIndex\x88\x01\x01B\x0f\n" +
	"\r_result_index\"\xd9\x01\n" +
	"\rWatchResponse\x127\n" +
	"\x06events\x18\x01 \x03(\v2\x1f.workflow_results.v1.WatchEventR\x06events\x12?\n" +
	"\aresults\x18\x02 \x01(\v2%.workflow_results.v1.EncodedDocumentsR\aresults\x12!\n" +
	"\fresume_token\x18\x03 \x01(\fR\vresumeToken\x12+\n" +
	"\x11snapshot_complete\x18\x04 \x01(\bR\x10snapshotComplete\"x\n" +
	"\x0eHistoryRequest\x12\x1a\n" +
	"\bpipeline\x18\x01 \x01(\tR\bpipeline\x12\x0e\n" +
	"\x02id\x18\x02 \x01(\tR\x02id\x12\x1b\n" +
	"\tpage_size\x18\x03 \x01(\x05R\bpageSize\x12\x1d\n" +
	"\n" +
	"page_token\x18\x04 \x01(\tR\tpageToken\"v\n" +
	"\x0fHistoryResponse\x12;\n" +
	"\aentries\x18\x01 \x03(\v2!.workflow_results.v1.HistoryEntryR\aentries\x12&\n" +
	"\x0fnext_page_token\x18\x02 \x01(\tR\rnextPageToken\"\xa4\x02\n" +
	"\fHistoryEntry\x12.\n" +
	"\x04time\x18\x01 \x01(\v2\x1a.google.protobuf.TimestampR\x04time\x129\n" +
	"\x06method\x18\x02 \x01(\x0e2!.workflow_results.v1.ChangeMethodR\x06method\x12\x16\n" +
	"\x06caller\x18\x03 \x01(\tR\x06caller\x12\x16\n" +
	"\x06fields\x18\x04 \x03(\tR\x06fields\x12\x16\n" +
	"\x06reason\x18\x05 \x01(\tR\x06reason\x12\x1d\n" +
	"\n" +
	"request_id\x18\x06 \x01(\tR\trequestId\x12!\n" +
	"\fresult_count\x18\a \x01(\x05R\vresultCount\x12\x1f\n" +
	"\vfield_count\x18\b \x01(\x05R\n" +
	"fieldCount\"I\n" +
	"\x13DropPipelineRequest\x12\x1a\n" +
	"\bpipeline\x18\x01 \x01(\tR\bpipeline\x12\x16\n" +
	"\x06reason\x18\x02 \x01(\tR\x06reason\"0\n" +
	"\x14DropPipelineResponse\x12\x18\n" +
	"\adropped\x18\x01 \x01(\bR\adropped\"W\n" +
	"\n" +
	"FieldIndex\x12\x14\n" +
	"\x05field\x18\x01 \x01(\tR\x05field\x12\x1d\n" +
	"\n" +
	"size_bytes\x18\x02 \x01(\x03R\tsizeBytes\x12\x14\n" +
	"\x05ready\x18\x03 \x01(\bR\x05ready\"0\n" +
	"\x12ListIndexesRequest\x12\x1a\n" +
	"\bpipeline\x18\x01 \x01(\tR\bpipeline\"P\n" +
	"\x13ListIndexesResponse\x129\n" +
	"\aindexes\x18\x01 \x03(\v2\x1f.workflow_results.v1.FieldIndexR\aindexes\"F\n" +
	"\x12CreateIndexRequest\x12\x1a\n" +
	"\bpipeline\x18\x01 \x01(\tR\bpipeline\x12\x14\n" +
	"\x05field\x18\x02 \x01(\tR\x05field\"L\n" +
	"\x13CreateIndexResponse\x125\n" +
	"\x05index\x18\x01 \x01(\v2\x1f.workflow_results.v1.FieldIndexR\x05index\"D\n" +
	"\x10DropIndexRequest\x12\x1a\n" +
	"\bpipeline\x18\x01 \x01(\tR\bpipeline\x12\x14\n" +
	"\x05field\x18\x02 \x01(\tR\x05field\"-\n" +
	"\x11DropIndexResponse\x12\x18\n" +
	"\adropped\x18\x01 \x01(\bR\adropped*\x91\x01\n" +
	"\x0eDocumentFormat\x12\x1f\n" +
	"\x1bDOCUMENT_FORMAT_UNSPECIFIED\x10\x00\x12\x18\n" +
	"\x14DOCUMENT_FORMAT_BSON\x10\x01\x12 \n" +
	"\x1cDOCUMENT_FORMAT_RELAXED_JSON\x10\x02\x12\"\n" +
	"\x1eDOCUMENT_FORMAT_CANONICAL_JSON\x10\x03*\xb3\x01\n" +
	"\x0eDepositOutcome\x12\x1f\n" +
	"\x1bDEPOSIT_OUTCOME_UNSPECIFIED\x10\x00\x12\x1d\n" +
	"\x19DEPOSIT_OUTCOME_DEPOSITED\x10\x01\x12%\n" +
	"!DEPOSIT_OUTCOME_ALREADY_DEPOSITED\x10\x02\x12\x1c\n" +
	"\x18DEPOSIT_OUTCOME_CONFLICT\x10\x03\x12\x1c\n" +
	"\x18DEPOSIT_OUTCOME_REJECTED\x10\x04*h\n" +
	"\rRefusalReason\x12\x1e\n" +
	"\x1aREFUSAL_REASON_UNSPECIFIED\x10\x00\x12\x1c\n" +
	"\x18REFUSAL_REASON_NOT_FOUND\x10\x01\x12\x19\n" +
	"\x15REFUSAL_REASON_LOCKED\x10\x02*\x8f\x02\n" +
	"\n" +
	"ChangeKind\x12\x1b\n" +
	"\x17CHANGE_KIND_UNSPECIFIED\x10\x00\x12\x18\n" +
	"\x14CHANGE_KIND_EXISTING\x10\x01\x12\x19\n" +
	"\x15CHANGE_KIND_DEPOSITED\x10\x02\x12\x17\n" +
	"\x13CHANGE_KIND_UPDATED\x10\x03\x12\x16\n" +
	"\x12CHANGE_KIND_LOCKED\x10\x04\x12\x18\n" +
	"\x14CHANGE_KIND_UNLOCKED\x10\x05\x12\x17\n" +
	"\x13CHANGE_KIND_DELETED\x10\x06\x12\x17\n" +
	"\x13CHANGE_KIND_CHANGED\x10\a\x12\x19\n" +
	"\x15CHANGE_KIND_UNMATCHED\x10\b\x12\x17\n" +
	"\x13CHANGE_KIND_DROPPED\x10\t*\xb8\x01\n" +
	"\fChangeMethod\x12\x1d\n" +
	"\x19CHANGE_METHOD_UNSPECIFIED\x10\x00\x12\x18\n" +
	"\x14CHANGE_METHOD_UPDATE\x10\x01\x12\x1c\n" +
	"\x18CHANGE_METHOD_DELETE_IDS\x10\x02\x12\x16\n" +
	"\x12CHANGE_METHOD_LOCK\x10\x03\x12\x18\n" +
	"\x14CHANGE_METHOD_UNLOCK\x10\x04\x12\x1f\n" +
	"\x1bCHANGE_METHOD_DROP_PIPELINE\x10\x052\x92\x10\n" +
	"\x0eResultsService\x12T\n" +
	"\aDeposit\x12#.workflow_results.v1.DepositRequest\x1a$.workflow_results.v1.DepositResponse\x12j\n" +
	"\rDepositStream\x12).workflow_results.v1.DepositStreamRequest\x1a*.workflow_results.v1.DepositStreamResponse(\x010\x01\x12Q\n" +
	"\x06Update\x12\".workflow_results.v1.UpdateRequest\x1a#.workflow_results.v1.UpdateResponse\x12Z\n" +
	"\tDeleteIds\x12%.workflow_results.v1.DeleteIdsRequest\x1a&.workflow_results.v1.DeleteIdsResponse\x12M\n" +
	"\x04View\x12 .workflow_results.v1.ViewRequest\x1a!.workflow_results.v1.ViewResponse0\x01\x12N\n" +
	"\x05Count\x12!.workflow_results.v1.CountRequest\x1a\".workflow_results.v1.CountResponse\x12J\n" +
	"\x03Top\x12\x1f.workflow_results.v1.TopRequest\x1a .workflow_results.v1.TopResponse0\x01\x12T\n" +
	"\aCountBy\x12#.workflow_results.v1.CountByRequest\x1a$.workflow_results.v1.CountByResponse\x12Q\n" +
	"\x06Status\x12\".workflow_results.v1.StatusRequest\x1a#.workflow_results.v1.StatusResponse\x12K\n" +
	"\x04Info\x12 .workflow_results.v1.InfoRequest\x1a!.workflow_results.v1.InfoResponse\x12_\n" +
	"\n" +
	"GetByCount\x12&.workflow_results.v1.GetByCountRequest\x1a'.workflow_results.v1.GetByCountResponse0\x01\x12V\n" +
	"\aGetById\x12#.workflow_results.v1.GetByIdRequest\x1a$.workflow_results.v1.GetByIdResponse0\x01\x12_\n" +
	"\n" +
	"GetByEvent\x12&.workflow_results.v1.GetByEventRequest\x1a'.workflow_results.v1.GetByEventResponse0\x01\x12\\\n" +
	"\tGetLocked\x12%.workflow_results.v1.GetLockedRequest\x1a&.workflow_results.v1.GetLockedResponse0\x01\x12P\n" +
	"\x05Watch\x12!.workflow_results.v1.WatchRequest\x1a\".workflow_results.v1.WatchResponse0\x01\x12i\n" +
	"\x0eGetLockedCount\x12*.workflow_results.v1.GetLockedCountRequest\x1a+.workflow_results.v1.GetLockedCountResponse\x12K\n" +
	"\x04Lock\x12 .workflow_results.v1.LockRequest\x1a!.workflow_results.v1.LockResponse\x12Q\n" +
	"\x06Unlock\x12\".workflow_results.v1.UnlockRequest\x1a#.workflow_results.v1.UnlockResponse\x12T\n" +
	"\aHistory\x12#.workflow_results.v1.HistoryRequest\x1a$.workflow_results.v1.HistoryResponse\x12`\n" +
	"\vListIndexes\x12'.workflow_results.v1.ListIndexesRequest\x1a(.workflow_results.v1.ListIndexesResponse\x12`\n" +
	"\vCreateIndex\x12'.workflow_results.v1.CreateIndexRequest\x1a(.workflow_results.v1.CreateIndexResponse\x12Z\n" +
	"\tDropIndex\x12%.workflow_results.v1.DropIndexRequest\x1a&.workflow_results.v1.DropIndexResponse\x12c\n" +
	"\fDropPipeline\x12(.workflow_results.v1.DropPipelineRequest\x1a).workflow_results.v1.DropPipelineResponseB\x9b\x01\n" +
	"\x1fca.chimefrb.workflow.results.v1B\fResultsProtoP\x01ZSgithub.com/chimefrb/workflow-results/client/go/workflowresults/v1;workflowresultsv1\xaa\x02\x12WorkflowResults.V1b\x06proto3"

var (
	file_workflow_results_v1_results_proto_rawDescOnce sync.Once
	file_workflow_results_v1_results_proto_rawDescData []byte
)

func file_workflow_results_v1_results_proto_rawDescGZIP() []byte {
	file_workflow_results_v1_results_proto_rawDescOnce.Do(func() {
		file_workflow_results_v1_results_proto_rawDescData = protoimpl.X.CompressGZIP(unsafe.Slice(unsafe.StringData(file_workflow_results_v1_results_proto_rawDesc), len(file_workflow_results_v1_results_proto_rawDesc)))
	})
	return file_workflow_results_v1_results_proto_rawDescData
}

var file_workflow_results_v1_results_proto_enumTypes = make([]protoimpl.EnumInfo, 5)
var file_workflow_results_v1_results_proto_msgTypes = make([]protoimpl.MessageInfo, 60)
var file_workflow_results_v1_results_proto_goTypes = []any{
	(DocumentFormat)(0),            // 0: workflow_results.v1.DocumentFormat
	(DepositOutcome)(0),            // 1: workflow_results.v1.DepositOutcome
	(RefusalReason)(0),             // 2: workflow_results.v1.RefusalReason
	(ChangeKind)(0),                // 3: workflow_results.v1.ChangeKind
	(ChangeMethod)(0),              // 4: workflow_results.v1.ChangeMethod
	(*EncodedDocument)(nil),        // 5: workflow_results.v1.EncodedDocument
	(*EncodedDocuments)(nil),       // 6: workflow_results.v1.EncodedDocuments
	(*Rejection)(nil),              // 7: workflow_results.v1.Rejection
	(*DepositRequest)(nil),         // 8: workflow_results.v1.DepositRequest
	(*DepositResponse)(nil),        // 9: workflow_results.v1.DepositResponse
	(*DepositStreamRequest)(nil),   // 10: workflow_results.v1.DepositStreamRequest
	(*DepositStreamResponse)(nil),  // 11: workflow_results.v1.DepositStreamResponse
	(*Refusal)(nil),                // 12: workflow_results.v1.Refusal
	(*ChangeOutcome)(nil),          // 13: workflow_results.v1.ChangeOutcome
	(*UpdateRequest)(nil),          // 14: workflow_results.v1.UpdateRequest
	(*UpdateResponse)(nil),         // 15: workflow_results.v1.UpdateResponse
	(*DeleteIdsRequest)(nil),       // 16: workflow_results.v1.DeleteIdsRequest
	(*DeleteIdsResponse)(nil),      // 17: workflow_results.v1.DeleteIdsResponse
	(*LockRequest)(nil),            // 18: workflow_results.v1.LockRequest
	(*LockResponse)(nil),           // 19: workflow_results.v1.LockResponse
	(*UnlockRequest)(nil),          // 20: workflow_results.v1.UnlockRequest
	(*UnlockResponse)(nil),         // 21: workflow_results.v1.UnlockResponse
	(*ResultBatch)(nil),            // 22: workflow_results.v1.ResultBatch
	(*ReadSummary)(nil),            // 23: workflow_results.v1.ReadSummary
	(*ResultPart)(nil),             // 24: workflow_results.v1.ResultPart
	(*ViewRequest)(nil),            // 25: workflow_results.v1.ViewRequest
	(*ViewResponse)(nil),           // 26: workflow_results.v1.ViewResponse
	(*CountRequest)(nil),           // 27: workflow_results.v1.CountRequest
	(*CountResponse)(nil),          // 28: workflow_results.v1.CountResponse
	(*TopRequest)(nil),             // 29: workflow_results.v1.TopRequest
	(*TopResponse)(nil),            // 30: workflow_results.v1.TopResponse
	(*CountByRequest)(nil),         // 31: workflow_results.v1.CountByRequest
	(*ValueCount)(nil),             // 32: workflow_results.v1.ValueCount
	(*CountByResponse)(nil),        // 33: workflow_results.v1.CountByResponse
	(*StatusRequest)(nil),          // 34: workflow_results.v1.StatusRequest
	(*StatusResponse)(nil),         // 35: workflow_results.v1.StatusResponse
	(*InfoRequest)(nil),            // 36: workflow_results.v1.InfoRequest
	(*InfoResponse)(nil),           // 37: workflow_results.v1.InfoResponse
	(*Limits)(nil),                 // 38: workflow_results.v1.Limits
	(*GetByCountRequest)(nil),      // 39: workflow_results.v1.GetByCountRequest
	(*GetByCountResponse)(nil),     // 40: workflow_results.v1.GetByCountResponse
	(*GetByIdRequest)(nil),         // 41: workflow_results.v1.GetByIdRequest
	(*GetByIdResponse)(nil),        // 42: workflow_results.v1.GetByIdResponse
	(*GetByEventRequest)(nil),      // 43: workflow_results.v1.GetByEventRequest
	(*GetByEventResponse)(nil),     // 44: workflow_results.v1.GetByEventResponse
	(*GetLockedRequest)(nil),       // 45: workflow_results.v1.GetLockedRequest
	(*GetLockedResponse)(nil),      // 46: workflow_results.v1.GetLockedResponse
	(*GetLockedCountRequest)(nil),  // 47: workflow_results.v1.GetLockedCountRequest
	(*GetLockedCountResponse)(nil), // 48: workflow_results.v1.GetLockedCountResponse
	(*WatchRequest)(nil),           // 49: workflow_results.v1.WatchRequest
	(*WatchEvent)(nil),             // 50: workflow_results.v1.WatchEvent
	(*WatchResponse)(nil),          // 51: workflow_results.v1.WatchResponse
	(*HistoryRequest)(nil),         // 52: workflow_results.v1.HistoryRequest
	(*HistoryResponse)(nil),        // 53: workflow_results.v1.HistoryResponse
	(*HistoryEntry)(nil),           // 54: workflow_results.v1.HistoryEntry
	(*DropPipelineRequest)(nil),    // 55: workflow_results.v1.DropPipelineRequest
	(*DropPipelineResponse)(nil),   // 56: workflow_results.v1.DropPipelineResponse
	(*FieldIndex)(nil),             // 57: workflow_results.v1.FieldIndex
	(*ListIndexesRequest)(nil),     // 58: workflow_results.v1.ListIndexesRequest
	(*ListIndexesResponse)(nil),    // 59: workflow_results.v1.ListIndexesResponse
	(*CreateIndexRequest)(nil),     // 60: workflow_results.v1.CreateIndexRequest
	(*CreateIndexResponse)(nil),    // 61: workflow_results.v1.CreateIndexResponse
	(*DropIndexRequest)(nil),       // 62: workflow_results.v1.DropIndexRequest
	(*DropIndexResponse)(nil),      // 63: workflow_results.v1.DropIndexResponse
	nil,                            // 64: workflow_results.v1.StatusResponse.CountsEntry
	(RejectionReason)(0),           // 65: workflow_results.v1.RejectionReason
	(*timestamppb.Timestamp)(nil),  // 66: google.protobuf.Timestamp
}
var file_workflow_results_v1_results_proto_depIdxs = []int32{
	65, // 0: workflow_results.v1.Rejection.reason:type_name -> workflow_results.v1.RejectionReason
	6,  // 1: workflow_results.v1.DepositRequest.works:type_name -> workflow_results.v1.EncodedDocuments
	1,  // 2: workflow_results.v1.DepositResponse.outcomes:type_name -> workflow_results.v1.DepositOutcome
	7,  // 3: workflow_results.v1.DepositResponse.rejections:type_name -> workflow_results.v1.Rejection
	6,  // 4: workflow_results.v1.DepositStreamRequest.works:type_name -> workflow_results.v1.EncodedDocuments
	1,  // 5: workflow_results.v1.DepositStreamResponse.outcomes:type_name -> workflow_results.v1.DepositOutcome
	7,  // 6: workflow_results.v1.DepositStreamResponse.rejections:type_name -> workflow_results.v1.Rejection
	2,  // 7: workflow_results.v1.Refusal.reason:type_name -> workflow_results.v1.RefusalReason
	12, // 8: workflow_results.v1.ChangeOutcome.refusals:type_name -> workflow_results.v1.Refusal
	6,  // 9: workflow_results.v1.UpdateRequest.works:type_name -> workflow_results.v1.EncodedDocuments
	13, // 10: workflow_results.v1.UpdateResponse.outcome:type_name -> workflow_results.v1.ChangeOutcome
	13, // 11: workflow_results.v1.DeleteIdsResponse.outcome:type_name -> workflow_results.v1.ChangeOutcome
	13, // 12: workflow_results.v1.LockResponse.outcome:type_name -> workflow_results.v1.ChangeOutcome
	13, // 13: workflow_results.v1.UnlockResponse.outcome:type_name -> workflow_results.v1.ChangeOutcome
	6,  // 14: workflow_results.v1.ResultBatch.results:type_name -> workflow_results.v1.EncodedDocuments
	22, // 15: workflow_results.v1.ResultPart.batch:type_name -> workflow_results.v1.ResultBatch
	23, // 16: workflow_results.v1.ResultPart.summary:type_name -> workflow_results.v1.ReadSummary
	5,  // 17: workflow_results.v1.ViewRequest.query:type_name -> workflow_results.v1.EncodedDocument
	5,  // 18: workflow_results.v1.ViewRequest.projection:type_name -> workflow_results.v1.EncodedDocument
	0,  // 19: workflow_results.v1.ViewRequest.format:type_name -> workflow_results.v1.DocumentFormat
	24, // 20: workflow_results.v1.ViewResponse.part:type_name -> workflow_results.v1.ResultPart
	5,  // 21: workflow_results.v1.CountRequest.query:type_name -> workflow_results.v1.EncodedDocument
	5,  // 22: workflow_results.v1.TopRequest.query:type_name -> workflow_results.v1.EncodedDocument
	5,  // 23: workflow_results.v1.TopRequest.projection:type_name -> workflow_results.v1.EncodedDocument
	0,  // 24: workflow_results.v1.TopRequest.format:type_name -> workflow_results.v1.DocumentFormat
	24, // 25: workflow_results.v1.TopResponse.part:type_name -> workflow_results.v1.ResultPart
	5,  // 26: workflow_results.v1.CountByRequest.query:type_name -> workflow_results.v1.EncodedDocument
	0,  // 27: workflow_results.v1.CountByRequest.format:type_name -> workflow_results.v1.DocumentFormat
	5,  // 28: workflow_results.v1.ValueCount.value:type_name -> workflow_results.v1.EncodedDocument
	32, // 29: workflow_results.v1.CountByResponse.counts:type_name -> workflow_results.v1.ValueCount
	64, // 30: workflow_results.v1.StatusResponse.counts:type_name -> workflow_results.v1.StatusResponse.CountsEntry
	38, // 31: workflow_results.v1.InfoResponse.limits:type_name -> workflow_results.v1.Limits
	0,  // 32: workflow_results.v1.GetByCountRequest.format:type_name -> workflow_results.v1.DocumentFormat
	24, // 33: workflow_results.v1.GetByCountResponse.part:type_name -> workflow_results.v1.ResultPart
	0,  // 34: workflow_results.v1.GetByIdRequest.format:type_name -> workflow_results.v1.DocumentFormat
	24, // 35: workflow_results.v1.GetByIdResponse.part:type_name -> workflow_results.v1.ResultPart
	0,  // 36: workflow_results.v1.GetByEventRequest.format:type_name -> workflow_results.v1.DocumentFormat
	24, // 37: workflow_results.v1.GetByEventResponse.part:type_name -> workflow_results.v1.ResultPart
	0,  // 38: workflow_results.v1.GetLockedRequest.format:type_name -> workflow_results.v1.DocumentFormat
	24, // 39: workflow_results.v1.GetLockedResponse.part:type_name -> workflow_results.v1.ResultPart
	5,  // 40: workflow_results.v1.WatchRequest.query:type_name -> workflow_results.v1.EncodedDocument
	5,  // 41: workflow_results.v1.WatchRequest.projection:type_name -> workflow_results.v1.EncodedDocument
	0,  // 42: workflow_results.v1.WatchRequest.format:type_name -> workflow_results.v1.DocumentFormat
	3,  // 43: workflow_results.v1.WatchEvent.kind:type_name -> workflow_results.v1.ChangeKind
	66, // 44: workflow_results.v1.WatchEvent.time:type_name -> google.protobuf.Timestamp
	50, // 45: workflow_results.v1.WatchResponse.events:type_name -> workflow_results.v1.WatchEvent
	6,  // 46: workflow_results.v1.WatchResponse.results:type_name -> workflow_results.v1.EncodedDocuments
	54, // 47: workflow_results.v1.HistoryResponse.entries:type_name -> workflow_results.v1.HistoryEntry
	66, // 48: workflow_results.v1.HistoryEntry.time:type_name -> google.protobuf.Timestamp
	4,  // 49: workflow_results.v1.HistoryEntry.method:type_name -> workflow_results.v1.ChangeMethod
	57, // 50: workflow_results.v1.ListIndexesResponse.indexes:type_name -> workflow_results.v1.FieldIndex
	57, // 51: workflow_results.v1.CreateIndexResponse.index:type_name -> workflow_results.v1.FieldIndex
	8,  // 52: workflow_results.v1.ResultsService.Deposit:input_type -> workflow_results.v1.DepositRequest
	10, // 53: workflow_results.v1.ResultsService.DepositStream:input_type -> workflow_results.v1.DepositStreamRequest
	14, // 54: workflow_results.v1.ResultsService.Update:input_type -> workflow_results.v1.UpdateRequest
	16, // 55: workflow_results.v1.ResultsService.DeleteIds:input_type -> workflow_results.v1.DeleteIdsRequest
	25, // 56: workflow_results.v1.ResultsService.View:input_type -> workflow_results.v1.ViewRequest
	27, // 57: workflow_results.v1.ResultsService.Count:input_type -> workflow_results.v1.CountRequest
	29, // 58: workflow_results.v1.ResultsService.Top:input_type -> workflow_results.v1.TopRequest
	31, // 59: workflow_results.v1.ResultsService.CountBy:input_type -> workflow_results.v1.CountByRequest
	34, // 60: workflow_results.v1.ResultsService.Status:input_type -> workflow_results.v1.StatusRequest
	36, // 61: workflow_results.v1.ResultsService.Info:input_type -> workflow_results.v1.InfoRequest
	39, // 62: workflow_results.v1.ResultsService.GetByCount:input_type -> workflow_results.v1.GetByCountRequest
	41, // 63: workflow_results.v1.ResultsService.GetById:input_type -> workflow_results.v1.GetByIdRequest
	43, // 64: workflow_results.v1.ResultsService.GetByEvent:input_type -> workflow_results.v1.GetByEventRequest
	45, // 65: workflow_results.v1.ResultsService.GetLocked:input_type -> workflow_results.v1.GetLockedRequest
	49, // 66: workflow_results.v1.ResultsService.Watch:input_type -> workflow_results.v1.WatchRequest
	47, // 67: workflow_results.v1.ResultsService.GetLockedCount:input_type -> workflow_results.v1.GetLockedCountRequest
	18, // 68: workflow_results.v1.ResultsService.Lock:input_type -> workflow_results.v1.LockRequest
	20, // 69: workflow_results.v1.ResultsService.Unlock:input_type -> workflow_results.v1.UnlockRequest
	52, // 70: workflow_results.v1.ResultsService.History:input_type -> workflow_results.v1.HistoryRequest
	58, // 71: workflow_results.v1.ResultsService.ListIndexes:input_type -> workflow_results.v1.ListIndexesRequest
	60, // 72: workflow_results.v1.ResultsService.CreateIndex:input_type -> workflow_results.v1.CreateIndexRequest
	62, // 73: workflow_results.v1.ResultsService.DropIndex:input_type -> workflow_results.v1.DropIndexRequest
	55, // 74: workflow_results.v1.ResultsService.DropPipeline:input_type -> workflow_results.v1.DropPipelineRequest
	9,  // 75: workflow_results.v1.ResultsService.Deposit:output_type -> workflow_results.v1.DepositResponse
	11, // 76: workflow_results.v1.ResultsService.DepositStream:output_type -> workflow_results.v1.DepositStreamResponse
	15, // 77: workflow_results.v1.ResultsService.Update:output_type -> workflow_results.v1.UpdateResponse
	17, // 78: workflow_results.v1.ResultsService.DeleteIds:output_type -> workflow_results.v1.DeleteIdsResponse
	26, // 79: workflow_results.v1.ResultsService.View:output_type -> workflow_results.v1.ViewResponse
	28, // 80: workflow_results.v1.ResultsService.Count:output_type -> workflow_results.v1.CountResponse
	30, // 81: workflow_results.v1.ResultsService.Top:output_type -> workflow_results.v1.TopResponse
	33, // 82: workflow_results.v1.ResultsService.CountBy:output_type -> workflow_results.v1.CountByResponse
	35, // 83: workflow_results.v1.ResultsService.Status:output_type -> workflow_results.v1.StatusResponse
	37, // 84: workflow_results.v1.ResultsService.Info:output_type -> workflow_results.v1.InfoResponse
	40, // 85: workflow_results.v1.ResultsService.GetByCount:output_type -> workflow_results.v1.GetByCountResponse
	42, // 86: workflow_results.v1.ResultsService.GetById:output_type -> workflow_results.v1.GetByIdResponse
	44, // 87: workflow_results.v1.ResultsService.GetByEvent:output_type -> workflow_results.v1.GetByEventResponse
	46, // 88: workflow_results.v1.ResultsService.GetLocked:output_type -> workflow_results.v1.GetLockedResponse
	51, // 89: workflow_results.v1.ResultsService.Watch:output_type -> workflow_results.v1.WatchResponse
	48, // 90: workflow_results.v1.ResultsService.GetLockedCount:output_type -> workflow_results.v1.GetLockedCountResponse
	19, // 91: workflow_results.v1.ResultsService.Lock:output_type -> workflow_results.v1.LockResponse
	21, // 92: workflow_results.v1.ResultsService.Unlock:output_type -> workflow_results.v1.UnlockResponse
	53, // 93: workflow_results.v1.ResultsService.History:output_type -> workflow_results.v1.HistoryResponse
	59, // 94: workflow_results.v1.ResultsService.ListIndexes:output_type -> workflow_results.v1.ListIndexesResponse
	61, // 95: workflow_results.v1.ResultsService.CreateIndex:output_type -> workflow_results.v1.CreateIndexResponse
	63, // 96: workflow_results.v1.ResultsService.DropIndex:output_type -> workflow_results.v1.DropIndexResponse
	56, // 97: workflow_results.v1.ResultsService.DropPipeline:output_type -> workflow_results.v1.DropPipelineResponse
	75, // [75:98] is the sub-list for method output_type
	52, // [52:75] is the sub-list for method input_type
	52, // [52:52] is the sub-list for extension type_name
	52, // [52:52] is the sub-list for extension extendee
	0,  // [0:52] is the sub-list for field type_name
}

func init() { file_workflow_results_v1_results_proto_init() }
func file_workflow_results_v1_results_proto_init() {
	if File_workflow_results_v1_results_proto != nil {
		return
	}
	file_workflow_results_v1_errors_proto_init()
	file_workflow_results_v1_results_proto_msgTypes[0].OneofWrappers = []any{
		(*EncodedDocument_Bson)(nil),
		(*EncodedDocument_Json)(nil),
	}
	file_workflow_results_v1_results_proto_msgTypes[38].OneofWrappers = []any{}
	file_workflow_results_v1_results_proto_msgTypes[45].OneofWrappers = []any{}
	type x struct{}
	out := protoimpl.TypeBuilder{
		File: protoimpl.DescBuilder{
			GoPackagePath: reflect.TypeOf(x{}).PkgPath(),
			RawDescriptor: unsafe.Slice(unsafe.StringData(file_workflow_results_v1_results_proto_rawDesc), len(file_workflow_results_v1_results_proto_rawDesc)),
			NumEnums:      5,
			NumMessages:   60,
			NumExtensions: 0,
			NumServices:   1,
		},
		GoTypes:           file_workflow_results_v1_results_proto_goTypes,
		DependencyIndexes: file_workflow_results_v1_results_proto_depIdxs,
		EnumInfos:         file_workflow_results_v1_results_proto_enumTypes,
		MessageInfos:      file_workflow_results_v1_results_proto_msgTypes,
	}.Build()
	File_workflow_results_v1_results_proto = out.File
	file_workflow_results_v1_results_proto_goTypes = nil
	file_workflow_results_v1_results_proto_depIdxs = nil
}
