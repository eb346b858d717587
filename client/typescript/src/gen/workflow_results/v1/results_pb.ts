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

// @generated by protoc-gen-es v2.13.0 with parameter "target=ts,import_extension=js"
// @generated from file workflow_results/v1/results.proto (package workflow_results.v1, syntax proto3)
/* eslint-disable */

import type { GenEnum, GenFile, GenMessage, GenService } from "@bufbuild/protobuf/codegenv2";
import { enumDesc, fileDesc, messageDesc, serviceDesc } from "@bufbuild/protobuf/codegenv2";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { file_google_protobuf_timestamp } from "@bufbuild/protobuf/wkt";
import type { RejectionReason } from "./errors_pb.js";
import { file_workflow_results_v1_errors } from "./errors_pb.js";
import type { Message } from "@bufbuild/protobuf";

/**
 * Describes the file workflow_results/v1/results.proto.
 */
export const file_workflow_results_v1_results: GenFile = /*@__PURE__*/
  fileDesc("CiF3b3JrZmxvd19yZXN1bHRzL3YxL3Jlc3VsdHMucHJvdG8SE3dvcmtmbG93X3Jlc3VsdHMudjEiOQoPRW5jb2RlZERvY3VtZW50Eg4KBGJzb24YASABKAxIABIOCgRqc29uGAIgASgJSABCBgoEZm9ybSIuChBFbmNvZGVkRG9jdW1lbnRzEgwKBGJzb24YASABKAwSDAoEanNvbhgCIAMoCSJhCglSZWplY3Rpb24SDQoFaW5kZXgYASABKAUSNAoGcmVhc29uGAIgASgOMiQud29ya2Zsb3dfcmVzdWx0cy52MS5SZWplY3Rpb25SZWFzb24SDwoHbWVzc2FnZRgDIAEoCSJGCg5EZXBvc2l0UmVxdWVzdBI0CgV3b3JrcxgBIAEoCzIlLndvcmtmbG93X3Jlc3VsdHMudjEuRW5jb2RlZERvY3VtZW50cyJ8Cg9EZXBvc2l0UmVzcG9uc2USNQoIb3V0Y29tZXMYASADKA4yIy53b3JrZmxvd19yZXN1bHRzLnYxLkRlcG9zaXRPdXRjb21lEjIKCnJlamVjdGlvbnMYAiADKAsyHi53b3JrZmxvd19yZXN1bHRzLnYxLlJlamVjdGlvbiJeChREZXBvc2l0U3RyZWFtUmVxdWVzdBIQCghzZXF1ZW5jZRgBIAEoBBI0CgV3b3JrcxgCIAEoCzIlLndvcmtmbG93X3Jlc3VsdHMudjEuRW5jb2RlZERvY3VtZW50cyKUAQoVRGVwb3NpdFN0cmVhbVJlc3BvbnNlEhAKCHNlcXVlbmNlGAEgASgEEjUKCG91dGNvbWVzGAIgAygOMiMud29ya2Zsb3dfcmVzdWx0cy52MS5EZXBvc2l0T3V0Y29tZRIyCgpyZWplY3Rpb25zGAMgAygLMh4ud29ya2Zsb3dfcmVzdWx0cy52MS5SZWplY3Rpb24iWwoHUmVmdXNhbBIQCghwaXBlbGluZRgBIAEoCRIKCgJpZBgCIAEoCRIyCgZyZWFzb24YAyABKA4yIi53b3JrZmxvd19yZXN1bHRzLnYxLlJlZnVzYWxSZWFzb24iZwoNQ2hhbmdlT3V0Y29tZRIPCgdhcHBsaWVkGAEgASgIEi4KCHJlZnVzYWxzGAIgAygLMhwud29ya2Zsb3dfcmVzdWx0cy52MS5SZWZ1c2FsEhUKDXJlZnVzYWxfY291bnQYAyABKAUiaQoNVXBkYXRlUmVxdWVzdBI0CgV3b3JrcxgBIAEoCzIlLndvcmtmbG93X3Jlc3VsdHMudjEuRW5jb2RlZERvY3VtZW50cxIOCgZyZWFzb24YAiABKAkSEgoKcmVxdWVzdF9pZBgDIAEoCSJFCg5VcGRhdGVSZXNwb25zZRIzCgdvdXRjb21lGAEgASgLMiIud29ya2Zsb3dfcmVzdWx0cy52MS5DaGFuZ2VPdXRjb21lIlUKEERlbGV0ZUlkc1JlcXVlc3QSEAoIcGlwZWxpbmUYASABKAkSCwoDaWRzGAIgAygJEg4KBnJlYXNvbhgDIAEoCRISCgpyZXF1ZXN0X2lkGAQgASgJIkgKEURlbGV0ZUlkc1Jlc3BvbnNlEjMKB291dGNvbWUYASABKAsyIi53b3JrZmxvd19yZXN1bHRzLnYxLkNoYW5nZU91dGNvbWUiUAoLTG9ja1JlcXVlc3QSEAoIcGlwZWxpbmUYASABKAkSCwoDaWRzGAIgAygJEg4KBnJlYXNvbhgDIAEoCRISCgpyZXF1ZXN0X2lkGAQgASgJIkMKDExvY2tSZXNwb25zZRIzCgdvdXRjb21lGAEgASgLMiIud29ya2Zsb3dfcmVzdWx0cy52MS5DaGFuZ2VPdXRjb21lImEKDVVubG9ja1JlcXVlc3QSEAoIcGlwZWxpbmUYASABKAkSCwoDaWRzGAIgAygJEg0KBWZvcmNlGAMgASgIEg4KBnJlYXNvbhgEIAEoCRISCgpyZXF1ZXN0X2lkGAUgASgJIlsKDlVubG9ja1Jlc3BvbnNlEjMKB291dGNvbWUYASABKAsyIi53b3JrZmxvd19yZXN1bHRzLnYxLkNoYW5nZU91dGNvbWUSFAoMbG9ja2VkX2NvdW50GAIgASgFIlsKC1Jlc3VsdEJhdGNoEjYKB3Jlc3VsdHMYASABKAsyJS53b3JrZmxvd19yZXN1bHRzLnYxLkVuY29kZWREb2N1bWVudHMSFAoMcmVzdW1lX3Rva2VuGAIgASgMIhwKC1JlYWRTdW1tYXJ5Eg0KBWNvdW50GAEgASgDInAKClJlc3VsdFBhcnQSLwoFYmF0Y2gYASABKAsyIC53b3JrZmxvd19yZXN1bHRzLnYxLlJlc3VsdEJhdGNoEjEKB3N1bW1hcnkYAiABKAsyIC53b3JrZmxvd19yZXN1bHRzLnYxLlJlYWRTdW1tYXJ5IvYBCgtWaWV3UmVxdWVzdBIQCghwaXBlbGluZRgBIAEoCRIzCgVxdWVyeRgCIAEoCzIkLndvcmtmbG93X3Jlc3VsdHMudjEuRW5jb2RlZERvY3VtZW50EjgKCnByb2plY3Rpb24YAyABKAsyJC53b3JrZmxvd19yZXN1bHRzLnYxLkVuY29kZWREb2N1bWVudBIMCgRza2lwGAQgASgDEg0KBWxpbWl0GAUgASgDEjMKBmZvcm1hdBgGIAEoDjIjLndvcmtmbG93X3Jlc3VsdHMudjEuRG9jdW1lbnRGb3JtYXQSFAoMcmVzdW1lX3Rva2VuGAcgASgMIj0KDFZpZXdSZXNwb25zZRItCgRwYXJ0GAEgASgLMh8ud29ya2Zsb3dfcmVzdWx0cy52MS5SZXN1bHRQYXJ0IlUKDENvdW50UmVxdWVzdBIQCghwaXBlbGluZRgBIAEoCRIzCgVxdWVyeRgCIAEoCzIkLndvcmtmbG93X3Jlc3VsdHMudjEuRW5jb2RlZERvY3VtZW50Ih4KDUNvdW50UmVzcG9uc2USDQoFY291bnQYASABKAMi8wEKClRvcFJlcXVlc3QSEAoIcGlwZWxpbmUYASABKAkSDQoFZmllbGQYAiABKAkSMwoFcXVlcnkYAyABKAsyJC53b3JrZmxvd19yZXN1bHRzLnYxLkVuY29kZWREb2N1bWVudBI4Cgpwcm9qZWN0aW9uGAQgASgLMiQud29ya2Zsb3dfcmVzdWx0cy52MS5FbmNvZGVkRG9jdW1lbnQSDQoFbGltaXQYBSABKAUSEQoJYXNjZW5kaW5nGAYgASgIEjMKBmZvcm1hdBgHIAEoDjIjLndvcmtmbG93X3Jlc3VsdHMudjEuRG9jdW1lbnRGb3JtYXQiPAoLVG9wUmVzcG9uc2USLQoEcGFydBgBIAEoCzIfLndvcmtmbG93X3Jlc3VsdHMudjEuUmVzdWx0UGFydCKbAQoOQ291bnRCeVJlcXVlc3QSEAoIcGlwZWxpbmUYASABKAkSDQoFZmllbGQYAiABKAkSMwoFcXVlcnkYAyABKAsyJC53b3JrZmxvd19yZXN1bHRzLnYxLkVuY29kZWREb2N1bWVudBIzCgZmb3JtYXQYBCABKA4yIy53b3JrZmxvd19yZXN1bHRzLnYxLkRvY3VtZW50Rm9ybWF0IlAKClZhbHVlQ291bnQSMwoFdmFsdWUYASABKAsyJC53b3JrZmxvd19yZXN1bHRzLnYxLkVuY29kZWREb2N1bWVudBINCgVjb3VudBgCIAEoAyJpCg9Db3VudEJ5UmVzcG9uc2USLwoGY291bnRzGAEgAygLMh8ud29ya2Zsb3dfcmVzdWx0cy52MS5WYWx1ZUNvdW50EhAKCGhhc19tb3JlGAIgASgIEhMKC290aGVyX2NvdW50GAMgASgDIg8KDVN0YXR1c1JlcXVlc3QigAEKDlN0YXR1c1Jlc3BvbnNlEj8KBmNvdW50cxgBIAMoCzIvLndvcmtmbG93X3Jlc3VsdHMudjEuU3RhdHVzUmVzcG9uc2UuQ291bnRzRW50cnkaLQoLQ291bnRzRW50cnkSCwoDa2V5GAEgASgJEg0KBXZhbHVlGAIgASgDOgI4ASINCgtJbmZvUmVxdWVzdCKSAQoMSW5mb1Jlc3BvbnNlEhYKDnNlcnZlcl92ZXJzaW9uGAEgASgJEhMKC2FwaV92ZXJzaW9uGAIgASgJEhcKD21vbmdvZGJfdmVyc2lvbhgDIAEoCRIrCgZsaW1pdHMYBCABKAsyGy53b3JrZmxvd19yZXN1bHRzLnYxLkxpbWl0cxIPCgdjaGVja2VyGAUgASgJIucBCgZMaW1pdHMSFQoNbWVzc2FnZV9ieXRlcxgBIAEoAxISCgp3b3JrX2J5dGVzGAIgASgDEhIKCndvcmtfZGVwdGgYAyABKAUSFwoPcGlwZWxpbmVfbGVuZ3RoGAQgASgFEhEKCWlkX2xlbmd0aBgFIAEoBRIbChN0cmFuc2FjdGlvbl9yZXN1bHRzGAYgASgFEhMKC2JhdGNoX2J5dGVzGAcgASgDEhYKDnNlcnZlcl9zZWNvbmRzGAggASgBEhUKDXJlcXVlc3Rfd29ya3MYCSABKAUSEQoJcGlwZWxpbmVzGAogASgFIn8KEUdldEJ5Q291bnRSZXF1ZXN0EhAKCHBpcGVsaW5lGAEgASgJEg0KBWNvdW50GAIgASgDEjMKBmZvcm1hdBgDIAEoDjIjLndvcmtmbG93X3Jlc3VsdHMudjEuRG9jdW1lbnRGb3JtYXQSFAoMcmVzdW1lX3Rva2VuGAQgASgMIkMKEkdldEJ5Q291bnRSZXNwb25zZRItCgRwYXJ0GAEgASgLMh8ud29ya2Zsb3dfcmVzdWx0cy52MS5SZXN1bHRQYXJ0InoKDkdldEJ5SWRSZXF1ZXN0EhAKCHBpcGVsaW5lGAEgASgJEgsKA2lkcxgCIAMoCRIzCgZmb3JtYXQYAyABKA4yIy53b3JrZmxvd19yZXN1bHRzLnYxLkRvY3VtZW50Rm9ybWF0EhQKDHJlc3VtZV90b2tlbhgEIAEoDCJACg9HZXRCeUlkUmVzcG9uc2USLQoEcGFydBgBIAEoCzIfLndvcmtmbG93X3Jlc3VsdHMudjEuUmVzdWx0UGFydCKcAQoRR2V0QnlFdmVudFJlcXVlc3QSEAoIcGlwZWxpbmUYASABKAkSGQoMZXZlbnRfbnVtYmVyGAIgASgDSACIAQESMwoGZm9ybWF0GAMgASgOMiMud29ya2Zsb3dfcmVzdWx0cy52MS5Eb2N1bWVudEZvcm1hdBIUCgxyZXN1bWVfdG9rZW4YBCABKAxCDwoNX2V2ZW50X251bWJlciJDChJHZXRCeUV2ZW50UmVzcG9uc2USLQoEcGFydBgBIAEoCzIfLndvcmtmbG93X3Jlc3VsdHMudjEuUmVzdWx0UGFydCKMAQoQR2V0TG9ja2VkUmVxdWVzdBIQCghwaXBlbGluZRgBIAEoCRIMCgRza2lwGAIgASgDEg0KBWNvdW50GAMgASgDEjMKBmZvcm1hdBgEIAEoDjIjLndvcmtmbG93X3Jlc3VsdHMudjEuRG9jdW1lbnRGb3JtYXQSFAoMcmVzdW1lX3Rva2VuGAUgASgMIkIKEUdldExvY2tlZFJlc3BvbnNlEi0KBHBhcnQYASABKAsyHy53b3JrZmxvd19yZXN1bHRzLnYxLlJlc3VsdFBhcnQiKQoVR2V0TG9ja2VkQ291bnRSZXF1ZXN0EhAKCHBpcGVsaW5lGAEgASgJIicKFkdldExvY2tlZENvdW50UmVzcG9uc2USDQoFY291bnQYASABKAMi7QEKDFdhdGNoUmVxdWVzdBIRCglwaXBlbGluZXMYASADKAkSMwoFcXVlcnkYAiABKAsyJC53b3JrZmxvd19yZXN1bHRzLnYxLkVuY29kZWREb2N1bWVudBI4Cgpwcm9qZWN0aW9uGAMgASgLMiQud29ya2Zsb3dfcmVzdWx0cy52MS5FbmNvZGVkRG9jdW1lbnQSMwoGZm9ybWF0GAQgASgOMiMud29ya2Zsb3dfcmVzdWx0cy52MS5Eb2N1bWVudEZvcm1hdBIQCghzbmFwc2hvdBgFIAEoCBIUCgxyZXN1bWVfdG9rZW4YBiABKAwi3wEKCldhdGNoRXZlbnQSLQoEa2luZBgBIAEoDjIfLndvcmtmbG93X3Jlc3VsdHMudjEuQ2hhbmdlS2luZBIQCghwaXBlbGluZRgCIAEoCRIKCgJpZBgDIAEoCRIoCgR0aW1lGAQgASgLMhouZ29vZ2xlLnByb3RvYnVmLlRpbWVzdGFtcBIOCgZjYWxsZXIYBSABKAkSDgoGcmVhc29uGAYgASgJEg4KBmZpZWxkcxgHIAMoCRIZCgxyZXN1bHRfaW5kZXgYCCABKAVIAIgBAUIPCg1fcmVzdWx0X2luZGV4IqkBCg1XYXRjaFJlc3BvbnNlEi8KBmV2ZW50cxgBIAMoCzIfLndvcmtmbG93X3Jlc3VsdHMudjEuV2F0Y2hFdmVudBI2CgdyZXN1bHRzGAIgASgLMiUud29ya2Zsb3dfcmVzdWx0cy52MS5FbmNvZGVkRG9jdW1lbnRzEhQKDHJlc3VtZV90b2tlbhgDIAEoDBIZChFzbmFwc2hvdF9jb21wbGV0ZRgEIAEoCCJVCg5IaXN0b3J5UmVxdWVzdBIQCghwaXBlbGluZRgBIAEoCRIKCgJpZBgCIAEoCRIRCglwYWdlX3NpemUYAyABKAUSEgoKcGFnZV90b2tlbhgEIAEoCSJeCg9IaXN0b3J5UmVzcG9uc2USMgoHZW50cmllcxgBIAMoCzIhLndvcmtmbG93X3Jlc3VsdHMudjEuSGlzdG9yeUVudHJ5EhcKD25leHRfcGFnZV90b2tlbhgCIAEoCSLaAQoMSGlzdG9yeUVudHJ5EigKBHRpbWUYASABKAsyGi5nb29nbGUucHJvdG9idWYuVGltZXN0YW1wEjEKBm1ldGhvZBgCIAEoDjIhLndvcmtmbG93X3Jlc3VsdHMudjEuQ2hhbmdlTWV0aG9kEg4KBmNhbGxlchgDIAEoCRIOCgZmaWVsZHMYBCADKAkSDgoGcmVhc29uGAUgASgJEhIKCnJlcXVlc3RfaWQYBiABKAkSFAoMcmVzdWx0X2NvdW50GAcgASgFEhMKC2ZpZWxkX2NvdW50GAggASgFIjcKE0Ryb3BQaXBlbGluZVJlcXVlc3QSEAoIcGlwZWxpbmUYASABKAkSDgoGcmVhc29uGAIgASgJIicKFERyb3BQaXBlbGluZVJlc3BvbnNlEg8KB2Ryb3BwZWQYASABKAgiPgoKRmllbGRJbmRleBINCgVmaWVsZBgBIAEoCRISCgpzaXplX2J5dGVzGAIgASgDEg0KBXJlYWR5GAMgASgIIiYKEkxpc3RJbmRleGVzUmVxdWVzdBIQCghwaXBlbGluZRgBIAEoCSJHChNMaXN0SW5kZXhlc1Jlc3BvbnNlEjAKB2luZGV4ZXMYASADKAsyHy53b3JrZmxvd19yZXN1bHRzLnYxLkZpZWxkSW5kZXgiNQoSQ3JlYXRlSW5kZXhSZXF1ZXN0EhAKCHBpcGVsaW5lGAEgASgJEg0KBWZpZWxkGAIgASgJIkUKE0NyZWF0ZUluZGV4UmVzcG9uc2USLgoFaW5kZXgYASABKAsyHy53b3JrZmxvd19yZXN1bHRzLnYxLkZpZWxkSW5kZXgiMwoQRHJvcEluZGV4UmVxdWVzdBIQCghwaXBlbGluZRgBIAEoCRINCgVmaWVsZBgCIAEoCSIkChFEcm9wSW5kZXhSZXNwb25zZRIPCgdkcm9wcGVkGAEgASgIKpEBCg5Eb2N1bWVudEZvcm1hdBIfChtET0NVTUVOVF9GT1JNQVRfVU5TUEVDSUZJRUQQABIYChRET0NVTUVOVF9GT1JNQVRfQlNPThABEiAKHERPQ1VNRU5UX0ZPUk1BVF9SRUxBWEVEX0pTT04QAhIiCh5ET0NVTUVOVF9GT1JNQVRfQ0FOT05JQ0FMX0pTT04QAyqzAQoORGVwb3NpdE91dGNvbWUSHwobREVQT1NJVF9PVVRDT01FX1VOU1BFQ0lGSUVEEAASHQoZREVQT1NJVF9PVVRDT01FX0RFUE9TSVRFRBABEiUKIURFUE9TSVRfT1VUQ09NRV9BTFJFQURZX0RFUE9TSVRFRBACEhwKGERFUE9TSVRfT1VUQ09NRV9DT05GTElDVBADEhwKGERFUE9TSVRfT1VUQ09NRV9SRUpFQ1RFRBAEKmgKDVJlZnVzYWxSZWFzb24SHgoaUkVGVVNBTF9SRUFTT05fVU5TUEVDSUZJRUQQABIcChhSRUZVU0FMX1JFQVNPTl9OT1RfRk9VTkQQARIZChVSRUZVU0FMX1JFQVNPTl9MT0NLRUQQAiqPAgoKQ2hhbmdlS2luZBIbChdDSEFOR0VfS0lORF9VTlNQRUNJRklFRBAAEhgKFENIQU5HRV9LSU5EX0VYSVNUSU5HEAESGQoVQ0hBTkdFX0tJTkRfREVQT1NJVEVEEAISFwoTQ0hBTkdFX0tJTkRfVVBEQVRFRBADEhYKEkNIQU5HRV9LSU5EX0xPQ0tFRBAEEhgKFENIQU5HRV9LSU5EX1VOTE9DS0VEEAUSFwoTQ0hBTkdFX0tJTkRfREVMRVRFRBAGEhcKE0NIQU5HRV9LSU5EX0NIQU5HRUQQBxIZChVDSEFOR0VfS0lORF9VTk1BVENIRUQQCBIXChNDSEFOR0VfS0lORF9EUk9QUEVEEAkquAEKDENoYW5nZU1ldGhvZBIdChlDSEFOR0VfTUVUSE9EX1VOU1BFQ0lGSUVEEAASGAoUQ0hBTkdFX01FVEhPRF9VUERBVEUQARIcChhDSEFOR0VfTUVUSE9EX0RFTEVURV9JRFMQAhIWChJDSEFOR0VfTUVUSE9EX0xPQ0sQAxIYChRDSEFOR0VfTUVUSE9EX1VOTE9DSxAEEh8KG0NIQU5HRV9NRVRIT0RfRFJPUF9QSVBFTElORRAFMpIQCg5SZXN1bHRzU2VydmljZRJUCgdEZXBvc2l0EiMud29ya2Zsb3dfcmVzdWx0cy52MS5EZXBvc2l0UmVxdWVzdBokLndvcmtmbG93X3Jlc3VsdHMudjEuRGVwb3NpdFJlc3BvbnNlEmoKDURlcG9zaXRTdHJlYW0SKS53b3JrZmxvd19yZXN1bHRzLnYxLkRlcG9zaXRTdHJlYW1SZXF1ZXN0Gioud29ya2Zsb3dfcmVzdWx0cy52MS5EZXBvc2l0U3RyZWFtUmVzcG9uc2UoATABElEKBlVwZGF0ZRIiLndvcmtmbG93X3Jlc3VsdHMudjEuVXBkYXRlUmVxdWVzdBojLndvcmtmbG93X3Jlc3VsdHMudjEuVXBkYXRlUmVzcG9uc2USWgoJRGVsZXRlSWRzEiUud29ya2Zsb3dfcmVzdWx0cy52MS5EZWxldGVJZHNSZXF1ZXN0GiYud29ya2Zsb3dfcmVzdWx0cy52MS5EZWxldGVJZHNSZXNwb25zZRJNCgRWaWV3EiAud29ya2Zsb3dfcmVzdWx0cy52MS5WaWV3UmVxdWVzdBohLndvcmtmbG93X3Jlc3VsdHMudjEuVmlld1Jlc3BvbnNlMAESTgoFQ291bnQSIS53b3JrZmxvd19yZXN1bHRzLnYxLkNvdW50UmVxdWVzdBoiLndvcmtmbG93X3Jlc3VsdHMudjEuQ291bnRSZXNwb25zZRJKCgNUb3ASHy53b3JrZmxvd19yZXN1bHRzLnYxLlRvcFJlcXVlc3QaIC53b3JrZmxvd19yZXN1bHRzLnYxLlRvcFJlc3BvbnNlMAESVAoHQ291bnRCeRIjLndvcmtmbG93X3Jlc3VsdHMudjEuQ291bnRCeVJlcXVlc3QaJC53b3JrZmxvd19yZXN1bHRzLnYxLkNvdW50QnlSZXNwb25zZRJRCgZTdGF0dXMSIi53b3JrZmxvd19yZXN1bHRzLnYxLlN0YXR1c1JlcXVlc3QaIy53b3JrZmxvd19yZXN1bHRzLnYxLlN0YXR1c1Jlc3BvbnNlEksKBEluZm8SIC53b3JrZmxvd19yZXN1bHRzLnYxLkluZm9SZXF1ZXN0GiEud29ya2Zsb3dfcmVzdWx0cy52MS5JbmZvUmVzcG9uc2USXwoKR2V0QnlDb3VudBImLndvcmtmbG93X3Jlc3VsdHMudjEuR2V0QnlDb3VudFJlcXVlc3QaJy53b3JrZmxvd19yZXN1bHRzLnYxLkdldEJ5Q291bnRSZXNwb25zZTABElYKB0dldEJ5SWQSIy53b3JrZmxvd19yZXN1bHRzLnYxLkdldEJ5SWRSZXF1ZXN0GiQud29ya2Zsb3dfcmVzdWx0cy52MS5HZXRCeUlkUmVzcG9uc2UwARJfCgpHZXRCeUV2ZW50EiYud29ya2Zsb3dfcmVzdWx0cy52MS5HZXRCeUV2ZW50UmVxdWVzdBonLndvcmtmbG93X3Jlc3VsdHMudjEuR2V0QnlFdmVudFJlc3BvbnNlMAESXAoJR2V0TG9ja2VkEiUud29ya2Zsb3dfcmVzdWx0cy52MS5HZXRMb2NrZWRSZXF1ZXN0GiYud29ya2Zsb3dfcmVzdWx0cy52MS5HZXRMb2NrZWRSZXNwb25zZTABElAKBVdhdGNoEiEud29ya2Zsb3dfcmVzdWx0cy52MS5XYXRjaFJlcXVlc3QaIi53b3JrZmxvd19yZXN1bHRzLnYxLldhdGNoUmVzcG9uc2UwARJpCg5HZXRMb2NrZWRDb3VudBIqLndvcmtmbG93X3Jlc3VsdHMudjEuR2V0TG9ja2VkQ291bnRSZXF1ZXN0Gisud29ya2Zsb3dfcmVzdWx0cy52MS5HZXRMb2NrZWRDb3VudFJlc3BvbnNlEksKBExvY2sSIC53b3JrZmxvd19yZXN1bHRzLnYxLkxvY2tSZXF1ZXN0GiEud29ya2Zsb3dfcmVzdWx0cy52MS5Mb2NrUmVzcG9uc2USUQoGVW5sb2NrEiIud29ya2Zsb3dfcmVzdWx0cy52MS5VbmxvY2tSZXF1ZXN0GiMud29ya2Zsb3dfcmVzdWx0cy52MS5VbmxvY2tSZXNwb25zZRJUCgdIaXN0b3J5EiMud29ya2Zsb3dfcmVzdWx0cy52MS5IaXN0b3J5UmVxdWVzdBokLndvcmtmbG93X3Jlc3VsdHMudjEuSGlzdG9yeVJlc3BvbnNlEmAKC0xpc3RJbmRleGVzEicud29ya2Zsb3dfcmVzdWx0cy52MS5MaXN0SW5kZXhlc1JlcXVlc3QaKC53b3JrZmxvd19yZXN1bHRzLnYxLkxpc3RJbmRleGVzUmVzcG9uc2USYAoLQ3JlYXRlSW5kZXgSJy53b3JrZmxvd19yZXN1bHRzLnYxLkNyZWF0ZUluZGV4UmVxdWVzdBooLndvcmtmbG93X3Jlc3VsdHMudjEuQ3JlYXRlSW5kZXhSZXNwb25zZRJaCglEcm9wSW5kZXgSJS53b3JrZmxvd19yZXN1bHRzLnYxLkRyb3BJbmRleFJlcXVlc3QaJi53b3JrZmxvd19yZXN1bHRzLnYxLkRyb3BJbmRleFJlc3BvbnNlEmMKDERyb3BQaXBlbGluZRIoLndvcmtmbG93X3Jlc3VsdHMudjEuRHJvcFBpcGVsaW5lUmVxdWVzdBopLndvcmtmbG93X3Jlc3VsdHMudjEuRHJvcFBpcGVsaW5lUmVzcG9uc2VCmwEKH2NhLmNoaW1lZnJiLndvcmtmbG93LnJlc3VsdHMudjFCDFJlc3VsdHNQcm90b1ABWlNnaXRodWIuY29tL2NoaW1lZnJiL3dvcmtmbG93LXJlc3VsdHMvY2xpZW50L2dvL3dvcmtmbG93cmVzdWx0cy92MTt3b3JrZmxvd3Jlc3VsdHN2MaoCEldvcmtmbG93UmVzdWx0cy5WMWIGcHJvdG8z", [file_google_protobuf_timestamp, file_workflow_results_v1_errors]);

/**
 * One document, a query or a projection for example. Unset, or with an empty `bson`, it is the empty document.
 *
 * @generated from message workflow_results.v1.EncodedDocument
 */
export type EncodedDocument = Message<"workflow_results.v1.EncodedDocument"> & {
  /**
   * The document in the form that suits the client.
   *
   * @generated from oneof workflow_results.v1.EncodedDocument.form
   */
  form: {
    /**
     * A BSON document.
     *
     * @generated from field: bytes bson = 1;
     */
    value: Uint8Array;
    case: "bson";
  } | {
    /**
     * MongoDB Extended JSON v2 text, relaxed or canonical.
     *
     * @generated from field: string json = 2;
     */
    value: string;
    case: "json";
  } | { case: undefined; value?: undefined };
};

/**
 * Describes the message workflow_results.v1.EncodedDocument.
 * Use `create(EncodedDocumentSchema)` to create a new message.
 */
export const EncodedDocumentSchema: GenMessage<EncodedDocument> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 0);

/**
 * Any number of documents, all in one of two forms. In a request, giving both forms is INVALID_ARGUMENT.
 *
 * @generated from message workflow_results.v1.EncodedDocuments
 */
export type EncodedDocuments = Message<"workflow_results.v1.EncodedDocuments"> & {
  /**
   * BSON documents back to back, as in the .bson files of mongodump. In a request, wrong lengths are INVALID_ARGUMENT
   * with the reason MALFORMED_REQUEST, and nothing is done.
   *
   * @generated from field: bytes bson = 1;
   */
  bson: Uint8Array;

  /**
   * MongoDB Extended JSON v2 texts, one document each; in requests relaxed or canonical.
   *
   * @generated from field: repeated string json = 2;
   */
  json: string[];
};

/**
 * Describes the message workflow_results.v1.EncodedDocuments.
 * Use `create(EncodedDocumentsSchema)` to create a new message.
 */
export const EncodedDocumentsSchema: GenMessage<EncodedDocuments> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 1);

/**
 * Why one work was rejected.
 *
 * @generated from message workflow_results.v1.Rejection
 */
export type Rejection = Message<"workflow_results.v1.Rejection"> & {
  /**
   * The position of the work in the request, from 0.
   *
   * @generated from field: int32 index = 1;
   */
  index: number;

  /**
   * Which rule it breaks.
   *
   * @generated from field: workflow_results.v1.RejectionReason reason = 2;
   */
  reason: RejectionReason;

  /**
   * One sentence for people: which field, and what is valid.
   *
   * @generated from field: string message = 3;
   */
  message: string;
};

/**
 * Describes the message workflow_results.v1.Rejection.
 * Use `create(RejectionSchema)` to create a new message.
 */
export const RejectionSchema: GenMessage<Rejection> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 2);

/**
 * Works to be stored.
 *
 * @generated from message workflow_results.v1.DepositRequest
 */
export type DepositRequest = Message<"workflow_results.v1.DepositRequest"> & {
  /**
   * The works; each needs `pipeline`, `id` and `status` ("success" or "failure"). `results`, if given, is null or a
   * document, and `results.locked` a bool: a work with `results.locked` true is stored locked. Each holds at most
   * 16 MiB less 16 KiB of BSON, with up to 100 levels of documents and arrays in it. An `_id` must equal `id`.
   *
   * @generated from field: workflow_results.v1.EncodedDocuments works = 1;
   */
  works?: EncodedDocuments | undefined;
};

/**
 * Describes the message workflow_results.v1.DepositRequest.
 * Use `create(DepositRequestSchema)` to create a new message.
 */
export const DepositRequestSchema: GenMessage<DepositRequest> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 3);

/**
 * The outcomes of a Deposit.
 *
 * @generated from message workflow_results.v1.DepositResponse
 */
export type DepositResponse = Message<"workflow_results.v1.DepositResponse"> & {
  /**
   * One outcome for each work, in the order of the works.
   *
   * @generated from field: repeated workflow_results.v1.DepositOutcome outcomes = 1;
   */
  outcomes: DepositOutcome[];

  /**
   * One entry for each outcome REJECTED, in the order of the works.
   *
   * @generated from field: repeated workflow_results.v1.Rejection rejections = 2;
   */
  rejections: Rejection[];
};

/**
 * Describes the message workflow_results.v1.DepositResponse.
 * Use `create(DepositResponseSchema)` to create a new message.
 */
export const DepositResponseSchema: GenMessage<DepositResponse> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 4);

/**
 * One request on a stream of deposits.
 *
 * @generated from message workflow_results.v1.DepositStreamRequest
 */
export type DepositStreamRequest = Message<"workflow_results.v1.DepositStreamRequest"> & {
  /**
   * Chosen by the client to recognise the acknowledgement; the server only repeats it.
   *
   * @generated from field: uint64 sequence = 1;
   */
  sequence: bigint;

  /**
   * As in DepositRequest.
   *
   * @generated from field: workflow_results.v1.EncodedDocuments works = 2;
   */
  works?: EncodedDocuments | undefined;
};

/**
 * Describes the message workflow_results.v1.DepositStreamRequest.
 * Use `create(DepositStreamRequestSchema)` to create a new message.
 */
export const DepositStreamRequestSchema: GenMessage<DepositStreamRequest> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 5);

/**
 * The acknowledgement of one request on a stream of deposits.
 *
 * @generated from message workflow_results.v1.DepositStreamResponse
 */
export type DepositStreamResponse = Message<"workflow_results.v1.DepositStreamResponse"> & {
  /**
   * The sequence of the request that is acknowledged.
   *
   * @generated from field: uint64 sequence = 1;
   */
  sequence: bigint;

  /**
   * As in DepositResponse.
   *
   * @generated from field: repeated workflow_results.v1.DepositOutcome outcomes = 2;
   */
  outcomes: DepositOutcome[];

  /**
   * As in DepositResponse.
   *
   * @generated from field: repeated workflow_results.v1.Rejection rejections = 3;
   */
  rejections: Rejection[];
};

/**
 * Describes the message workflow_results.v1.DepositStreamResponse.
 * Use `create(DepositStreamResponseSchema)` to create a new message.
 */
export const DepositStreamResponseSchema: GenMessage<DepositStreamResponse> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 6);

/**
 * One result for which an all-or-nothing request was refused.
 *
 * @generated from message workflow_results.v1.Refusal
 */
export type Refusal = Message<"workflow_results.v1.Refusal"> & {
  /**
   * The pipeline of the result.
   *
   * @generated from field: string pipeline = 1;
   */
  pipeline: string;

  /**
   * The id of the result.
   *
   * @generated from field: string id = 2;
   */
  id: string;

  /**
   * Why the request was refused for it.
   *
   * @generated from field: workflow_results.v1.RefusalReason reason = 3;
   */
  reason: RefusalReason;
};

/**
 * Describes the message workflow_results.v1.Refusal.
 * Use `create(RefusalSchema)` to create a new message.
 */
export const RefusalSchema: GenMessage<Refusal> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 7);

/**
 * The outcome of an all-or-nothing request.
 *
 * @generated from message workflow_results.v1.ChangeOutcome
 */
export type ChangeOutcome = Message<"workflow_results.v1.ChangeOutcome"> & {
  /**
   * True when every named result was changed, or was already as requested; false when nothing was changed.
   *
   * @generated from field: bool applied = 1;
   */
  applied: boolean;

  /**
   * The results for which the request was refused: the first 1,000.
   *
   * @generated from field: repeated workflow_results.v1.Refusal refusals = 2;
   */
  refusals: Refusal[];

  /**
   * For how many results the request was refused in all. Zero when `applied`.
   *
   * @generated from field: int32 refusal_count = 3;
   */
  refusalCount: number;
};

/**
 * Describes the message workflow_results.v1.ChangeOutcome.
 * Use `create(ChangeOutcomeSchema)` to create a new message.
 */
export const ChangeOutcomeSchema: GenMessage<ChangeOutcome> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 8);

/**
 * Fields to be set.
 *
 * @generated from message workflow_results.v1.UpdateRequest
 */
export type UpdateRequest = Message<"workflow_results.v1.UpdateRequest"> & {
  /**
   * The works; each needs `pipeline` and `id`, and has the top-level fields to be set. A work has at most 1,000 fields,
   * these two among them, or is refused as TOO_LARGE. The other rules are those of Deposit, but `status` may be omitted.
   *
   * @generated from field: workflow_results.v1.EncodedDocuments works = 1;
   */
  works?: EncodedDocuments | undefined;

  /**
   * Why the results are changed, for their history: at most 1,000 characters, without NUL.
   *
   * @generated from field: string reason = 2;
   */
  reason: string;

  /**
   * Empty, or up to 64 visible ASCII characters that the caller uses for no other request (a UUID for example; see
   * AIP-155). A request that was applied before under the same id, by the same caller, gets the same answer again, and
   * changes nothing. INVALID_ARGUMENT with the reason REQUEST_ID_REUSED if that request was another one: another
   * method, pipeline or reason, works without the same content in the same order, or another set of ids.
   *
   * @generated from field: string request_id = 3;
   */
  requestId: string;
};

/**
 * Describes the message workflow_results.v1.UpdateRequest.
 * Use `create(UpdateRequestSchema)` to create a new message.
 */
export const UpdateRequestSchema: GenMessage<UpdateRequest> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 9);

/**
 * The response to an Update.
 *
 * @generated from message workflow_results.v1.UpdateResponse
 */
export type UpdateResponse = Message<"workflow_results.v1.UpdateResponse"> & {
  /**
   * The outcome: whether all results were updated.
   *
   * @generated from field: workflow_results.v1.ChangeOutcome outcome = 1;
   */
  outcome?: ChangeOutcome | undefined;
};

/**
 * Describes the message workflow_results.v1.UpdateResponse.
 * Use `create(UpdateResponseSchema)` to create a new message.
 */
export const UpdateResponseSchema: GenMessage<UpdateResponse> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 10);

/**
 * Results to be deleted.
 *
 * @generated from message workflow_results.v1.DeleteIdsRequest
 */
export type DeleteIdsRequest = Message<"workflow_results.v1.DeleteIdsRequest"> & {
  /**
   * The pipeline of the results.
   *
   * @generated from field: string pipeline = 1;
   */
  pipeline: string;

  /**
   * The ids of the results.
   *
   * @generated from field: repeated string ids = 2;
   */
  ids: string[];

  /**
   * As in UpdateRequest.
   *
   * @generated from field: string reason = 3;
   */
  reason: string;

  /**
   * As in UpdateRequest.
   *
   * @generated from field: string request_id = 4;
   */
  requestId: string;
};

/**
 * Describes the message workflow_results.v1.DeleteIdsRequest.
 * Use `create(DeleteIdsRequestSchema)` to create a new message.
 */
export const DeleteIdsRequestSchema: GenMessage<DeleteIdsRequest> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 11);

/**
 * The response to a DeleteIds.
 *
 * @generated from message workflow_results.v1.DeleteIdsResponse
 */
export type DeleteIdsResponse = Message<"workflow_results.v1.DeleteIdsResponse"> & {
  /**
   * The outcome: whether all results were deleted.
   *
   * @generated from field: workflow_results.v1.ChangeOutcome outcome = 1;
   */
  outcome?: ChangeOutcome | undefined;
};

/**
 * Describes the message workflow_results.v1.DeleteIdsResponse.
 * Use `create(DeleteIdsResponseSchema)` to create a new message.
 */
export const DeleteIdsResponseSchema: GenMessage<DeleteIdsResponse> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 12);

/**
 * Results to be locked.
 *
 * @generated from message workflow_results.v1.LockRequest
 */
export type LockRequest = Message<"workflow_results.v1.LockRequest"> & {
  /**
   * The pipeline of the results.
   *
   * @generated from field: string pipeline = 1;
   */
  pipeline: string;

  /**
   * The ids of the results.
   *
   * @generated from field: repeated string ids = 2;
   */
  ids: string[];

  /**
   * As in UpdateRequest.
   *
   * @generated from field: string reason = 3;
   */
  reason: string;

  /**
   * As in UpdateRequest.
   *
   * @generated from field: string request_id = 4;
   */
  requestId: string;
};

/**
 * Describes the message workflow_results.v1.LockRequest.
 * Use `create(LockRequestSchema)` to create a new message.
 */
export const LockRequestSchema: GenMessage<LockRequest> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 13);

/**
 * The response to a Lock.
 *
 * @generated from message workflow_results.v1.LockResponse
 */
export type LockResponse = Message<"workflow_results.v1.LockResponse"> & {
  /**
   * The outcome: whether all results were locked.
   *
   * @generated from field: workflow_results.v1.ChangeOutcome outcome = 1;
   */
  outcome?: ChangeOutcome | undefined;
};

/**
 * Describes the message workflow_results.v1.LockResponse.
 * Use `create(LockResponseSchema)` to create a new message.
 */
export const LockResponseSchema: GenMessage<LockResponse> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 14);

/**
 * Results to be unlocked.
 *
 * @generated from message workflow_results.v1.UnlockRequest
 */
export type UnlockRequest = Message<"workflow_results.v1.UnlockRequest"> & {
  /**
   * The pipeline of the results.
   *
   * @generated from field: string pipeline = 1;
   */
  pipeline: string;

  /**
   * The ids of the results.
   *
   * @generated from field: repeated string ids = 2;
   */
  ids: string[];

  /**
   * False, the default, changes nothing and returns how many of the results are locked.
   *
   * @generated from field: bool force = 3;
   */
  force: boolean;

  /**
   * As in UpdateRequest.
   *
   * @generated from field: string reason = 4;
   */
  reason: string;

  /**
   * As in UpdateRequest.
   *
   * @generated from field: string request_id = 5;
   */
  requestId: string;
};

/**
 * Describes the message workflow_results.v1.UnlockRequest.
 * Use `create(UnlockRequestSchema)` to create a new message.
 */
export const UnlockRequestSchema: GenMessage<UnlockRequest> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 15);

/**
 * The response to an Unlock.
 *
 * @generated from message workflow_results.v1.UnlockResponse
 */
export type UnlockResponse = Message<"workflow_results.v1.UnlockResponse"> & {
  /**
   * The outcome: whether all results were unlocked. Without `force`, `applied` is always false, and the refusals are
   * those that the request would get with it.
   *
   * @generated from field: workflow_results.v1.ChangeOutcome outcome = 1;
   */
  outcome?: ChangeOutcome | undefined;

  /**
   * How many of the named results were locked: with `force` those that were unlocked now, without it those that it
   * would unlock.
   *
   * @generated from field: int32 locked_count = 2;
   */
  lockedCount: number;
};

/**
 * Describes the message workflow_results.v1.UnlockResponse.
 * Use `create(UnlockResponseSchema)` to create a new message.
 */
export const UnlockResponseSchema: GenMessage<UnlockResponse> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 16);

/**
 * Some results of a stream.
 *
 * @generated from message workflow_results.v1.ResultBatch
 */
export type ResultBatch = Message<"workflow_results.v1.ResultBatch"> & {
  /**
   * At least one result, in the format that the request asked for.
   *
   * @generated from field: workflow_results.v1.EncodedDocuments results = 1;
   */
  results?: EncodedDocuments | undefined;

  /**
   * The position of the stream after this batch. The same request with this token continues with the next result, at
   * any server. The token belongs to its request (method, pipeline, query, projection, skip, limit or count, ids, event
   * number); with another request it is INVALID_ARGUMENT. Only the format may differ.
   *
   * @generated from field: bytes resume_token = 2;
   */
  resumeToken: Uint8Array;
};

/**
 * Describes the message workflow_results.v1.ResultBatch.
 * Use `create(ResultBatchSchema)` to create a new message.
 */
export const ResultBatchSchema: GenMessage<ResultBatch> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 17);

/**
 * The end of a complete stream.
 *
 * @generated from message workflow_results.v1.ReadSummary
 */
export type ReadSummary = Message<"workflow_results.v1.ReadSummary"> & {
  /**
   * The number of results that this stream has sent.
   *
   * @generated from field: int64 count = 1;
   */
  count: bigint;
};

/**
 * Describes the message workflow_results.v1.ReadSummary.
 * Use `create(ReadSummarySchema)` to create a new message.
 */
export const ReadSummarySchema: GenMessage<ReadSummary> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 18);

/**
 * A part of a stream of results.
 *
 * @generated from message workflow_results.v1.ResultPart
 */
export type ResultPart = Message<"workflow_results.v1.ResultPart"> & {
  /**
   * Some results. Unset only in a last part without results.
   *
   * @generated from field: workflow_results.v1.ResultBatch batch = 1;
   */
  batch?: ResultBatch | undefined;

  /**
   * Set in the last part of a complete stream, and only there.
   *
   * @generated from field: workflow_results.v1.ReadSummary summary = 2;
   */
  summary?: ReadSummary | undefined;
};

/**
 * Describes the message workflow_results.v1.ResultPart.
 * Use `create(ResultPartSchema)` to create a new message.
 */
export const ResultPartSchema: GenMessage<ResultPart> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 19);

/**
 * Which results to stream.
 *
 * @generated from message workflow_results.v1.ViewRequest
 */
export type ViewRequest = Message<"workflow_results.v1.ViewRequest"> & {
  /**
   * The pipeline of the results.
   *
   * @generated from field: string pipeline = 1;
   */
  pipeline: string;

  /**
   * A MongoDB filter. Operators: $eq $ne $gt $gte $lt $lte $in $nin $and $or $nor $not $exists $type $all $elemMatch
   * $size $mod $regex $options $bitsAllSet $bitsAnySet $bitsAllClear $bitsAnyClear, and $expr with field paths,
   * literals, comparison, boolean and arithmetic operators. Unset or empty, it matches every result.
   *
   * $regex: where a pattern repeats a group, MongoDB 6.0 gives up on long texts without an error. (a|b)*c finds texts
   * of up to 1,999 characters, ^(ab)+c$ of up to 3,999; [ab]*c and .* find all. What is missed counts as not matching,
   * also under $not.
   *
   * @generated from field: workflow_results.v1.EncodedDocument query = 2;
   */
  query?: EncodedDocument | undefined;

  /**
   * A MongoDB projection: inclusion, exclusion, $slice, $elemMatch. Unset or empty, whole results.
   *
   * @generated from field: workflow_results.v1.EncodedDocument projection = 3;
   */
  projection?: EncodedDocument | undefined;

  /**
   * How many matching results to skip. Negative is INVALID_ARGUMENT.
   *
   * @generated from field: int64 skip = 4;
   */
  skip: bigint;

  /**
   * How many results to stream at most. 0: no limit. Negative is INVALID_ARGUMENT.
   *
   * @generated from field: int64 limit = 5;
   */
  limit: bigint;

  /**
   * The encoding of the results. Unset: BSON.
   *
   * @generated from field: workflow_results.v1.DocumentFormat format = 6;
   */
  format: DocumentFormat;

  /**
   * Empty, or the token of the last batch received from a stream that broke; the other fields must then be unchanged.
   *
   * @generated from field: bytes resume_token = 7;
   */
  resumeToken: Uint8Array;
};

/**
 * Describes the message workflow_results.v1.ViewRequest.
 * Use `create(ViewRequestSchema)` to create a new message.
 */
export const ViewRequestSchema: GenMessage<ViewRequest> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 20);

/**
 * A response of View.
 *
 * @generated from message workflow_results.v1.ViewResponse
 */
export type ViewResponse = Message<"workflow_results.v1.ViewResponse"> & {
  /**
   * A part of the stream of results.
   *
   * @generated from field: workflow_results.v1.ResultPart part = 1;
   */
  part?: ResultPart | undefined;
};

/**
 * Describes the message workflow_results.v1.ViewResponse.
 * Use `create(ViewResponseSchema)` to create a new message.
 */
export const ViewResponseSchema: GenMessage<ViewResponse> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 21);

/**
 * Which results to count.
 *
 * @generated from message workflow_results.v1.CountRequest
 */
export type CountRequest = Message<"workflow_results.v1.CountRequest"> & {
  /**
   * The pipeline of the results.
   *
   * @generated from field: string pipeline = 1;
   */
  pipeline: string;

  /**
   * A MongoDB filter, as in ViewRequest.
   *
   * @generated from field: workflow_results.v1.EncodedDocument query = 2;
   */
  query?: EncodedDocument | undefined;
};

/**
 * Describes the message workflow_results.v1.CountRequest.
 * Use `create(CountRequestSchema)` to create a new message.
 */
export const CountRequestSchema: GenMessage<CountRequest> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 22);

/**
 * The number of results.
 *
 * @generated from message workflow_results.v1.CountResponse
 */
export type CountResponse = Message<"workflow_results.v1.CountResponse"> & {
  /**
   * The number of results that match the query.
   *
   * @generated from field: int64 count = 1;
   */
  count: bigint;
};

/**
 * Describes the message workflow_results.v1.CountResponse.
 * Use `create(CountResponseSchema)` to create a new message.
 */
export const CountResponseSchema: GenMessage<CountResponse> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 23);

/**
 * Which results to rank.
 *
 * @generated from message workflow_results.v1.TopRequest
 */
export type TopRequest = Message<"workflow_results.v1.TopRequest"> & {
  /**
   * The pipeline of the results.
   *
   * @generated from field: string pipeline = 1;
   */
  pipeline: string;

  /**
   * The field, as a path like `results.snr`. A number in it names a field, not an element of a list. Results where the
   * value is in a list are left out.
   *
   * @generated from field: string field = 2;
   */
  field: string;

  /**
   * A MongoDB filter, as in ViewRequest.
   *
   * @generated from field: workflow_results.v1.EncodedDocument query = 3;
   */
  query?: EncodedDocument | undefined;

  /**
   * A MongoDB projection, as in ViewRequest.
   *
   * @generated from field: workflow_results.v1.EncodedDocument projection = 4;
   */
  projection?: EncodedDocument | undefined;

  /**
   * How many results to stream at most, from 1 to 10,000.
   *
   * @generated from field: int32 limit = 5;
   */
  limit: number;

  /**
   * Whether the lowest values come first, rather than the highest.
   *
   * @generated from field: bool ascending = 6;
   */
  ascending: boolean;

  /**
   * The encoding of the results. Unset: BSON.
   *
   * @generated from field: workflow_results.v1.DocumentFormat format = 7;
   */
  format: DocumentFormat;
};

/**
 * Describes the message workflow_results.v1.TopRequest.
 * Use `create(TopRequestSchema)` to create a new message.
 */
export const TopRequestSchema: GenMessage<TopRequest> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 24);

/**
 * A response of Top.
 *
 * @generated from message workflow_results.v1.TopResponse
 */
export type TopResponse = Message<"workflow_results.v1.TopResponse"> & {
  /**
   * A part of the stream of results. The `resume_token` of its batch is empty.
   *
   * @generated from field: workflow_results.v1.ResultPart part = 1;
   */
  part?: ResultPart | undefined;
};

/**
 * Describes the message workflow_results.v1.TopResponse.
 * Use `create(TopResponseSchema)` to create a new message.
 */
export const TopResponseSchema: GenMessage<TopResponse> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 25);

/**
 * Which results to count by the values of a field.
 *
 * @generated from message workflow_results.v1.CountByRequest
 */
export type CountByRequest = Message<"workflow_results.v1.CountByRequest"> & {
  /**
   * The pipeline of the results.
   *
   * @generated from field: string pipeline = 1;
   */
  pipeline: string;

  /**
   * The field, as a path like `results.class`. A number in it names a field, not an element of a list.
   *
   * @generated from field: string field = 2;
   */
  field: string;

  /**
   * A MongoDB filter, as in ViewRequest.
   *
   * @generated from field: workflow_results.v1.EncodedDocument query = 3;
   */
  query?: EncodedDocument | undefined;

  /**
   * The encoding of the values. Unset: BSON.
   *
   * @generated from field: workflow_results.v1.DocumentFormat format = 4;
   */
  format: DocumentFormat;
};

/**
 * Describes the message workflow_results.v1.CountByRequest.
 * Use `create(CountByRequestSchema)` to create a new message.
 */
export const CountByRequestSchema: GenMessage<CountByRequest> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 26);

/**
 * The number of results with a value.
 *
 * @generated from message workflow_results.v1.ValueCount
 */
export type ValueCount = Message<"workflow_results.v1.ValueCount"> & {
  /**
   * A document whose only field, `value`, is the value.
   *
   * @generated from field: workflow_results.v1.EncodedDocument value = 1;
   */
  value?: EncodedDocument | undefined;

  /**
   * The number of results that have it.
   *
   * @generated from field: int64 count = 2;
   */
  count: bigint;
};

/**
 * Describes the message workflow_results.v1.ValueCount.
 * Use `create(ValueCountSchema)` to create a new message.
 */
export const ValueCountSchema: GenMessage<ValueCount> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 27);

/**
 * The numbers of results by value.
 *
 * @generated from message workflow_results.v1.CountByResponse
 */
export type CountByResponse = Message<"workflow_results.v1.CountByResponse"> & {
  /**
   * The values, the most frequent first; of equally frequent ones, the lowest first.
   *
   * @generated from field: repeated workflow_results.v1.ValueCount counts = 1;
   */
  counts: ValueCount[];

  /**
   * Whether there are more values than these.
   *
   * @generated from field: bool has_more = 2;
   */
  hasMore: boolean;

  /**
   * How many values are not told apart, each counted once for each result.
   *
   * @generated from field: int64 other_count = 3;
   */
  otherCount: bigint;
};

/**
 * Describes the message workflow_results.v1.CountByResponse.
 * Use `create(CountByResponseSchema)` to create a new message.
 */
export const CountByResponseSchema: GenMessage<CountByResponse> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 28);

/**
 * Asks for the number of results of every pipeline.
 *
 * @generated from message workflow_results.v1.StatusRequest
 */
export type StatusRequest = Message<"workflow_results.v1.StatusRequest"> & {
};

/**
 * Describes the message workflow_results.v1.StatusRequest.
 * Use `create(StatusRequestSchema)` to create a new message.
 */
export const StatusRequestSchema: GenMessage<StatusRequest> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 29);

/**
 * The number of results of every pipeline.
 *
 * @generated from message workflow_results.v1.StatusResponse
 */
export type StatusResponse = Message<"workflow_results.v1.StatusResponse"> & {
  /**
   * The number of results by pipeline; pipelines without results are left out.
   *
   * @generated from field: map<string, int64> counts = 1;
   */
  counts: { [key: string]: bigint };
};

/**
 * Describes the message workflow_results.v1.StatusResponse.
 * Use `create(StatusResponseSchema)` to create a new message.
 */
export const StatusResponseSchema: GenMessage<StatusResponse> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 30);

/**
 * Asks for versions and limits.
 *
 * @generated from message workflow_results.v1.InfoRequest
 */
export type InfoRequest = Message<"workflow_results.v1.InfoRequest"> & {
};

/**
 * Describes the message workflow_results.v1.InfoRequest.
 * Use `create(InfoRequestSchema)` to create a new message.
 */
export const InfoRequestSchema: GenMessage<InfoRequest> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 31);

/**
 * Versions and limits.
 *
 * @generated from message workflow_results.v1.InfoResponse
 */
export type InfoResponse = Message<"workflow_results.v1.InfoResponse"> & {
  /**
   * The version of the server.
   *
   * @generated from field: string server_version = 1;
   */
  serverVersion: string;

  /**
   * The version of this API: the name of its package.
   *
   * @generated from field: string api_version = 2;
   */
  apiVersion: string;

  /**
   * The version of MongoDB.
   *
   * @generated from field: string mongodb_version = 3;
   */
  mongodbVersion: string;

  /**
   * What the server accepts.
   *
   * @generated from field: workflow_results.v1.Limits limits = 4;
   */
  limits?: Limits | undefined;

  /**
   * What checks deposited works: "native" with its version, or "python", with the reason unless nothing else is
   * installed. Both accept the same works.
   *
   * @generated from field: string checker = 5;
   */
  checker: string;
};

/**
 * Describes the message workflow_results.v1.InfoResponse.
 * Use `create(InfoResponseSchema)` to create a new message.
 */
export const InfoResponseSchema: GenMessage<InfoResponse> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 32);

/**
 * What a server accepts.
 *
 * @generated from message workflow_results.v1.Limits
 */
export type Limits = Message<"workflow_results.v1.Limits"> & {
  /**
   * The largest request, in bytes.
   *
   * @generated from field: int64 message_bytes = 1;
   */
  messageBytes: bigint;

  /**
   * The largest work, in bytes of BSON.
   *
   * @generated from field: int64 work_bytes = 2;
   */
  workBytes: bigint;

  /**
   * The most levels of documents and arrays in a work.
   *
   * @generated from field: int32 work_depth = 3;
   */
  workDepth: number;

  /**
   * The longest pipeline name, in characters.
   *
   * @generated from field: int32 pipeline_length = 4;
   */
  pipelineLength: number;

  /**
   * The longest id, in characters.
   *
   * @generated from field: int32 id_length = 5;
   */
  idLength: number;

  /**
   * The most ids or works in one all-or-nothing request.
   *
   * @generated from field: int32 transaction_results = 6;
   */
  transactionResults: number;

  /**
   * The size that batches of results aim at, in bytes.
   *
   * @generated from field: int64 batch_bytes = 7;
   */
  batchBytes: bigint;

  /**
   * The longest time that the server spends on a unary call or on the next batch, in seconds.
   *
   * @generated from field: double server_seconds = 8;
   */
  serverSeconds: number;

  /**
   * The most works in one request.
   *
   * @generated from field: int32 request_works = 9;
   */
  requestWorks: number;

  /**
   * The most pipelines, including those without results.
   *
   * @generated from field: int32 pipelines = 10;
   */
  pipelines: number;
};

/**
 * Describes the message workflow_results.v1.Limits.
 * Use `create(LimitsSchema)` to create a new message.
 */
export const LimitsSchema: GenMessage<Limits> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 33);

/**
 * How many of the results with the highest ids to stream.
 *
 * @generated from message workflow_results.v1.GetByCountRequest
 */
export type GetByCountRequest = Message<"workflow_results.v1.GetByCountRequest"> & {
  /**
   * The pipeline of the results.
   *
   * @generated from field: string pipeline = 1;
   */
  pipeline: string;

  /**
   * How many results to stream at most. 0: no limit. Negative is INVALID_ARGUMENT.
   *
   * @generated from field: int64 count = 2;
   */
  count: bigint;

  /**
   * The encoding of the results. Unset: BSON.
   *
   * @generated from field: workflow_results.v1.DocumentFormat format = 3;
   */
  format: DocumentFormat;

  /**
   * As in ViewRequest.
   *
   * @generated from field: bytes resume_token = 4;
   */
  resumeToken: Uint8Array;
};

/**
 * Describes the message workflow_results.v1.GetByCountRequest.
 * Use `create(GetByCountRequestSchema)` to create a new message.
 */
export const GetByCountRequestSchema: GenMessage<GetByCountRequest> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 34);

/**
 * A response of GetByCount.
 *
 * @generated from message workflow_results.v1.GetByCountResponse
 */
export type GetByCountResponse = Message<"workflow_results.v1.GetByCountResponse"> & {
  /**
   * A part of the stream of results.
   *
   * @generated from field: workflow_results.v1.ResultPart part = 1;
   */
  part?: ResultPart | undefined;
};

/**
 * Describes the message workflow_results.v1.GetByCountResponse.
 * Use `create(GetByCountResponseSchema)` to create a new message.
 */
export const GetByCountResponseSchema: GenMessage<GetByCountResponse> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 35);

/**
 * The ids of the results to stream.
 *
 * @generated from message workflow_results.v1.GetByIdRequest
 */
export type GetByIdRequest = Message<"workflow_results.v1.GetByIdRequest"> & {
  /**
   * The pipeline of the results.
   *
   * @generated from field: string pipeline = 1;
   */
  pipeline: string;

  /**
   * The ids of the results.
   *
   * @generated from field: repeated string ids = 2;
   */
  ids: string[];

  /**
   * The encoding of the results. Unset: BSON.
   *
   * @generated from field: workflow_results.v1.DocumentFormat format = 3;
   */
  format: DocumentFormat;

  /**
   * As in ViewRequest.
   *
   * @generated from field: bytes resume_token = 4;
   */
  resumeToken: Uint8Array;
};

/**
 * Describes the message workflow_results.v1.GetByIdRequest.
 * Use `create(GetByIdRequestSchema)` to create a new message.
 */
export const GetByIdRequestSchema: GenMessage<GetByIdRequest> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 36);

/**
 * A response of GetById.
 *
 * @generated from message workflow_results.v1.GetByIdResponse
 */
export type GetByIdResponse = Message<"workflow_results.v1.GetByIdResponse"> & {
  /**
   * A part of the stream of results.
   *
   * @generated from field: workflow_results.v1.ResultPart part = 1;
   */
  part?: ResultPart | undefined;
};

/**
 * Describes the message workflow_results.v1.GetByIdResponse.
 * Use `create(GetByIdResponseSchema)` to create a new message.
 */
export const GetByIdResponseSchema: GenMessage<GetByIdResponse> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 37);

/**
 * The event of the results to stream.
 *
 * @generated from message workflow_results.v1.GetByEventRequest
 */
export type GetByEventRequest = Message<"workflow_results.v1.GetByEventRequest"> & {
  /**
   * The pipeline of the results.
   *
   * @generated from field: string pipeline = 1;
   */
  pipeline: string;

  /**
   * The number of the event. Unset is INVALID_ARGUMENT.
   *
   * @generated from field: optional int64 event_number = 2;
   */
  eventNumber?: bigint | undefined;

  /**
   * The encoding of the results. Unset: BSON.
   *
   * @generated from field: workflow_results.v1.DocumentFormat format = 3;
   */
  format: DocumentFormat;

  /**
   * As in ViewRequest.
   *
   * @generated from field: bytes resume_token = 4;
   */
  resumeToken: Uint8Array;
};

/**
 * Describes the message workflow_results.v1.GetByEventRequest.
 * Use `create(GetByEventRequestSchema)` to create a new message.
 */
export const GetByEventRequestSchema: GenMessage<GetByEventRequest> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 38);

/**
 * A response of GetByEvent.
 *
 * @generated from message workflow_results.v1.GetByEventResponse
 */
export type GetByEventResponse = Message<"workflow_results.v1.GetByEventResponse"> & {
  /**
   * A part of the stream of results.
   *
   * @generated from field: workflow_results.v1.ResultPart part = 1;
   */
  part?: ResultPart | undefined;
};

/**
 * Describes the message workflow_results.v1.GetByEventResponse.
 * Use `create(GetByEventResponseSchema)` to create a new message.
 */
export const GetByEventResponseSchema: GenMessage<GetByEventResponse> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 39);

/**
 * Which locked results to stream.
 *
 * @generated from message workflow_results.v1.GetLockedRequest
 */
export type GetLockedRequest = Message<"workflow_results.v1.GetLockedRequest"> & {
  /**
   * The pipeline of the results.
   *
   * @generated from field: string pipeline = 1;
   */
  pipeline: string;

  /**
   * How many locked results to skip. Negative is INVALID_ARGUMENT.
   *
   * @generated from field: int64 skip = 2;
   */
  skip: bigint;

  /**
   * How many results to stream at most. 0: no limit. Negative is INVALID_ARGUMENT.
   *
   * @generated from field: int64 count = 3;
   */
  count: bigint;

  /**
   * The encoding of the results. Unset: BSON.
   *
   * @generated from field: workflow_results.v1.DocumentFormat format = 4;
   */
  format: DocumentFormat;

  /**
   * As in ViewRequest.
   *
   * @generated from field: bytes resume_token = 5;
   */
  resumeToken: Uint8Array;
};

/**
 * Describes the message workflow_results.v1.GetLockedRequest.
 * Use `create(GetLockedRequestSchema)` to create a new message.
 */
export const GetLockedRequestSchema: GenMessage<GetLockedRequest> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 40);

/**
 * A response of GetLocked.
 *
 * @generated from message workflow_results.v1.GetLockedResponse
 */
export type GetLockedResponse = Message<"workflow_results.v1.GetLockedResponse"> & {
  /**
   * A part of the stream of results.
   *
   * @generated from field: workflow_results.v1.ResultPart part = 1;
   */
  part?: ResultPart | undefined;
};

/**
 * Describes the message workflow_results.v1.GetLockedResponse.
 * Use `create(GetLockedResponseSchema)` to create a new message.
 */
export const GetLockedResponseSchema: GenMessage<GetLockedResponse> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 41);

/**
 * Whose locked results to count.
 *
 * @generated from message workflow_results.v1.GetLockedCountRequest
 */
export type GetLockedCountRequest = Message<"workflow_results.v1.GetLockedCountRequest"> & {
  /**
   * The pipeline of the results.
   *
   * @generated from field: string pipeline = 1;
   */
  pipeline: string;
};

/**
 * Describes the message workflow_results.v1.GetLockedCountRequest.
 * Use `create(GetLockedCountRequestSchema)` to create a new message.
 */
export const GetLockedCountRequestSchema: GenMessage<GetLockedCountRequest> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 42);

/**
 * The number of locked results.
 *
 * @generated from message workflow_results.v1.GetLockedCountResponse
 */
export type GetLockedCountResponse = Message<"workflow_results.v1.GetLockedCountResponse"> & {
  /**
   * The number of locked results.
   *
   * @generated from field: int64 count = 1;
   */
  count: bigint;
};

/**
 * Describes the message workflow_results.v1.GetLockedCountResponse.
 * Use `create(GetLockedCountResponseSchema)` to create a new message.
 */
export const GetLockedCountResponseSchema: GenMessage<GetLockedCountResponse> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 43);

/**
 * What to watch.
 *
 * @generated from message workflow_results.v1.WatchRequest
 */
export type WatchRequest = Message<"workflow_results.v1.WatchRequest"> & {
  /**
   * The pipelines of the results. Empty: all that the caller may use, now or when they are created.
   *
   * @generated from field: repeated string pipelines = 1;
   */
  pipelines: string[];

  /**
   * A MongoDB filter, as in ViewRequest.
   *
   * @generated from field: workflow_results.v1.EncodedDocument query = 2;
   */
  query?: EncodedDocument | undefined;

  /**
   * A MongoDB projection, as in ViewRequest.
   *
   * @generated from field: workflow_results.v1.EncodedDocument projection = 3;
   */
  projection?: EncodedDocument | undefined;

  /**
   * The encoding of the results. Unset: BSON.
   *
   * @generated from field: workflow_results.v1.DocumentFormat format = 4;
   */
  format: DocumentFormat;

  /**
   * Whether the results that are there come first.
   *
   * @generated from field: bool snapshot = 5;
   */
  snapshot: boolean;

  /**
   * Empty, or the last token received from a stream that broke; the other fields must then be unchanged. A snapshot
   * that was not complete goes on, one that was complete is not sent again.
   *
   * @generated from field: bytes resume_token = 6;
   */
  resumeToken: Uint8Array;
};

/**
 * Describes the message workflow_results.v1.WatchRequest.
 * Use `create(WatchRequestSchema)` to create a new message.
 */
export const WatchRequestSchema: GenMessage<WatchRequest> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 44);

/**
 * One change of a result.
 *
 * @generated from message workflow_results.v1.WatchEvent
 */
export type WatchEvent = Message<"workflow_results.v1.WatchEvent"> & {
  /**
   * What happened.
   *
   * @generated from field: workflow_results.v1.ChangeKind kind = 1;
   */
  kind: ChangeKind;

  /**
   * The pipeline of the result.
   *
   * @generated from field: string pipeline = 2;
   */
  pipeline: string;

  /**
   * The id of the result.
   *
   * @generated from field: string id = 3;
   */
  id: string;

  /**
   * When, by the clock of MongoDB or of the server that made the change. Unset for EXISTING.
   *
   * @generated from field: google.protobuf.Timestamp time = 4;
   */
  time?: Timestamp | undefined;

  /**
   * The name of the caller's token or certificate, for changes by Update, DeleteIds, Lock and Unlock. Empty if the
   * server has no tokens file.
   *
   * @generated from field: string caller = 5;
   */
  caller: string;

  /**
   * Why, as the caller gave it.
   *
   * @generated from field: string reason = 6;
   */
  reason: string;

  /**
   * The top-level fields that an Update set, as in HistoryEntry.
   *
   * @generated from field: repeated string fields = 7;
   */
  fields: string[];

  /**
   * The position of the result among `results` of the response. Unset for DELETED, UNMATCHED and DROPPED.
   *
   * @generated from field: optional int32 result_index = 8;
   */
  resultIndex?: number | undefined;
};

/**
 * Describes the message workflow_results.v1.WatchEvent.
 * Use `create(WatchEventSchema)` to create a new message.
 */
export const WatchEventSchema: GenMessage<WatchEvent> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 45);

/**
 * A response of Watch.
 *
 * @generated from message workflow_results.v1.WatchResponse
 */
export type WatchResponse = Message<"workflow_results.v1.WatchResponse"> & {
  /**
   * The changes. Without any, all watched changes up to `resume_token` have been sent; with no token either, the
   * response only shows that the stream is alive.
   *
   * @generated from field: repeated workflow_results.v1.WatchEvent events = 1;
   */
  events: WatchEvent[];

  /**
   * The results of the events, each once.
   *
   * @generated from field: workflow_results.v1.EncodedDocuments results = 2;
   */
  results?: EncodedDocuments | undefined;

  /**
   * Where to resume behind this response. Empty: more events belong to it, and a stream that breaks is resumed with the
   * token before.
   *
   * @generated from field: bytes resume_token = 3;
   */
  resumeToken: Uint8Array;

  /**
   * Whether the snapshot ends with this response.
   *
   * @generated from field: bool snapshot_complete = 4;
   */
  snapshotComplete: boolean;
};

/**
 * Describes the message workflow_results.v1.WatchResponse.
 * Use `create(WatchResponseSchema)` to create a new message.
 */
export const WatchResponseSchema: GenMessage<WatchResponse> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 46);

/**
 * A result, or a pipeline, whose changes to list.
 *
 * @generated from message workflow_results.v1.HistoryRequest
 */
export type HistoryRequest = Message<"workflow_results.v1.HistoryRequest"> & {
  /**
   * The pipeline.
   *
   * @generated from field: string pipeline = 1;
   */
  pipeline: string;

  /**
   * The id of the result. Empty for the changes of the pipeline itself, which are those by DropPipeline.
   *
   * @generated from field: string id = 2;
   */
  id: string;

  /**
   * How many entries to return at most. 0: 100, which is also the most. Negative is INVALID_ARGUMENT.
   *
   * @generated from field: int32 page_size = 3;
   */
  pageSize: number;

  /**
   * Empty, or the `next_page_token` of the page before; the other fields must then be unchanged.
   *
   * @generated from field: string page_token = 4;
   */
  pageToken: string;
};

/**
 * Describes the message workflow_results.v1.HistoryRequest.
 * Use `create(HistoryRequestSchema)` to create a new message.
 */
export const HistoryRequestSchema: GenMessage<HistoryRequest> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 47);

/**
 * The changes of a result, or some of them.
 *
 * @generated from message workflow_results.v1.HistoryResponse
 */
export type HistoryResponse = Message<"workflow_results.v1.HistoryResponse"> & {
  /**
   * The newest first.
   *
   * @generated from field: repeated workflow_results.v1.HistoryEntry entries = 1;
   */
  entries: HistoryEntry[];

  /**
   * Empty on the last page.
   *
   * @generated from field: string next_page_token = 2;
   */
  nextPageToken: string;
};

/**
 * Describes the message workflow_results.v1.HistoryResponse.
 * Use `create(HistoryResponseSchema)` to create a new message.
 */
export const HistoryResponseSchema: GenMessage<HistoryResponse> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 48);

/**
 * One change of a result, or of a pipeline.
 *
 * @generated from message workflow_results.v1.HistoryEntry
 */
export type HistoryEntry = Message<"workflow_results.v1.HistoryEntry"> & {
  /**
   * When, by the clock of the server that made the change.
   *
   * @generated from field: google.protobuf.Timestamp time = 1;
   */
  time?: Timestamp | undefined;

  /**
   * What was done.
   *
   * @generated from field: workflow_results.v1.ChangeMethod method = 2;
   */
  method: ChangeMethod;

  /**
   * The name of the caller's token or certificate. Empty if the server has no tokens file.
   *
   * @generated from field: string caller = 3;
   */
  caller: string;

  /**
   * The top-level fields that an Update set, in the order of the work; only the first ones, if their names have more
   * than 16,384 characters in total. Otherwise empty.
   *
   * @generated from field: repeated string fields = 4;
   */
  fields: string[];

  /**
   * Why, as the caller gave it.
   *
   * @generated from field: string reason = 5;
   */
  reason: string;

  /**
   * The `request_id` that the caller gave.
   *
   * @generated from field: string request_id = 6;
   */
  requestId: string;

  /**
   * How many results of the pipeline the request named, including this one. 0 for DropPipeline.
   *
   * @generated from field: int32 result_count = 7;
   */
  resultCount: number;

  /**
   * How many top-level fields an Update set.
   *
   * @generated from field: int32 field_count = 8;
   */
  fieldCount: number;
};

/**
 * Describes the message workflow_results.v1.HistoryEntry.
 * Use `create(HistoryEntrySchema)` to create a new message.
 */
export const HistoryEntrySchema: GenMessage<HistoryEntry> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 49);

/**
 * A pipeline to be dropped.
 *
 * @generated from message workflow_results.v1.DropPipelineRequest
 */
export type DropPipelineRequest = Message<"workflow_results.v1.DropPipelineRequest"> & {
  /**
   * The pipeline.
   *
   * @generated from field: string pipeline = 1;
   */
  pipeline: string;

  /**
   * As in UpdateRequest.
   *
   * @generated from field: string reason = 2;
   */
  reason: string;
};

/**
 * Describes the message workflow_results.v1.DropPipelineRequest.
 * Use `create(DropPipelineRequestSchema)` to create a new message.
 */
export const DropPipelineRequestSchema: GenMessage<DropPipelineRequest> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 50);

/**
 * The outcome of a DropPipeline.
 *
 * @generated from message workflow_results.v1.DropPipelineResponse
 */
export type DropPipelineResponse = Message<"workflow_results.v1.DropPipelineResponse"> & {
  /**
   * True when the pipeline was dropped; false when it did not exist.
   *
   * @generated from field: bool dropped = 1;
   */
  dropped: boolean;
};

/**
 * Describes the message workflow_results.v1.DropPipelineResponse.
 * Use `create(DropPipelineResponseSchema)` to create a new message.
 */
export const DropPipelineResponseSchema: GenMessage<DropPipelineResponse> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 51);

/**
 * An index on a field.
 *
 * @generated from message workflow_results.v1.FieldIndex
 */
export type FieldIndex = Message<"workflow_results.v1.FieldIndex"> & {
  /**
   * The path of the field.
   *
   * @generated from field: string field = 1;
   */
  field: string;

  /**
   * How much disk space it takes, in bytes.
   *
   * @generated from field: int64 size_bytes = 2;
   */
  sizeBytes: bigint;

  /**
   * Whether it serves queries. False while it is being built.
   *
   * @generated from field: bool ready = 3;
   */
  ready: boolean;
};

/**
 * Describes the message workflow_results.v1.FieldIndex.
 * Use `create(FieldIndexSchema)` to create a new message.
 */
export const FieldIndexSchema: GenMessage<FieldIndex> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 52);

/**
 * A pipeline whose indexes to list.
 *
 * @generated from message workflow_results.v1.ListIndexesRequest
 */
export type ListIndexesRequest = Message<"workflow_results.v1.ListIndexesRequest"> & {
  /**
   * The pipeline.
   *
   * @generated from field: string pipeline = 1;
   */
  pipeline: string;
};

/**
 * Describes the message workflow_results.v1.ListIndexesRequest.
 * Use `create(ListIndexesRequestSchema)` to create a new message.
 */
export const ListIndexesRequestSchema: GenMessage<ListIndexesRequest> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 53);

/**
 * The indexes of a pipeline.
 *
 * @generated from message workflow_results.v1.ListIndexesResponse
 */
export type ListIndexesResponse = Message<"workflow_results.v1.ListIndexesResponse"> & {
  /**
   * In the order of their fields.
   *
   * @generated from field: repeated workflow_results.v1.FieldIndex indexes = 1;
   */
  indexes: FieldIndex[];
};

/**
 * Describes the message workflow_results.v1.ListIndexesResponse.
 * Use `create(ListIndexesResponseSchema)` to create a new message.
 */
export const ListIndexesResponseSchema: GenMessage<ListIndexesResponse> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 54);

/**
 * A field to build an index on.
 *
 * @generated from message workflow_results.v1.CreateIndexRequest
 */
export type CreateIndexRequest = Message<"workflow_results.v1.CreateIndexRequest"> & {
  /**
   * The pipeline.
   *
   * @generated from field: string pipeline = 1;
   */
  pipeline: string;

  /**
   * The field, as a path like `results.snr`.
   *
   * @generated from field: string field = 2;
   */
  field: string;
};

/**
 * Describes the message workflow_results.v1.CreateIndexRequest.
 * Use `create(CreateIndexRequestSchema)` to create a new message.
 */
export const CreateIndexRequestSchema: GenMessage<CreateIndexRequest> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 55);

/**
 * The index on the field.
 *
 * @generated from message workflow_results.v1.CreateIndexResponse
 */
export type CreateIndexResponse = Message<"workflow_results.v1.CreateIndexResponse"> & {
  /**
   * The index, which may have been there before.
   *
   * @generated from field: workflow_results.v1.FieldIndex index = 1;
   */
  index?: FieldIndex | undefined;
};

/**
 * Describes the message workflow_results.v1.CreateIndexResponse.
 * Use `create(CreateIndexResponseSchema)` to create a new message.
 */
export const CreateIndexResponseSchema: GenMessage<CreateIndexResponse> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 56);

/**
 * A field whose index to drop.
 *
 * @generated from message workflow_results.v1.DropIndexRequest
 */
export type DropIndexRequest = Message<"workflow_results.v1.DropIndexRequest"> & {
  /**
   * The pipeline.
   *
   * @generated from field: string pipeline = 1;
   */
  pipeline: string;

  /**
   * The field, as a path like `results.snr`.
   *
   * @generated from field: string field = 2;
   */
  field: string;
};

/**
 * Describes the message workflow_results.v1.DropIndexRequest.
 * Use `create(DropIndexRequestSchema)` to create a new message.
 */
export const DropIndexRequestSchema: GenMessage<DropIndexRequest> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 57);

/**
 * Whether an index was dropped.
 *
 * @generated from message workflow_results.v1.DropIndexResponse
 */
export type DropIndexResponse = Message<"workflow_results.v1.DropIndexResponse"> & {
  /**
   * False: there was none.
   *
   * @generated from field: bool dropped = 1;
   */
  dropped: boolean;
};

/**
 * Describes the message workflow_results.v1.DropIndexResponse.
 * Use `create(DropIndexResponseSchema)` to create a new message.
 */
export const DropIndexResponseSchema: GenMessage<DropIndexResponse> = /*@__PURE__*/
  messageDesc(file_workflow_results_v1_results, 58);

/**
 * The encoding of the documents in a response.
 *
 * @generated from enum workflow_results.v1.DocumentFormat
 */
export enum DocumentFormat {
  /**
   * The default: BSON.
   *
   * @generated from enum value: DOCUMENT_FORMAT_UNSPECIFIED = 0;
   */
  UNSPECIFIED = 0,

  /**
   * BSON; keeps every type. The first field of each document is MongoDB's `_id`, equal to its `id`.
   *
   * @generated from enum value: DOCUMENT_FORMAT_BSON = 1;
   */
  BSON = 1,

  /**
   * Relaxed MongoDB Extended JSON v2: easy to read, but numeric types are lost. Without `_id`. A result that is too
   * large for a message as JSON ends the stream with FAILED_PRECONDITION, and the reason TOO_LARGE.
   *
   * @generated from enum value: DOCUMENT_FORMAT_RELAXED_JSON = 2;
   */
  RELAXED_JSON = 2,

  /**
   * Canonical MongoDB Extended JSON v2; keeps every type but the deprecated symbol, undefined and DBPointer. Without
   * `_id`. Large results as for relaxed JSON.
   *
   * @generated from enum value: DOCUMENT_FORMAT_CANONICAL_JSON = 3;
   */
  CANONICAL_JSON = 3,
}

/**
 * Describes the enum workflow_results.v1.DocumentFormat.
 */
export const DocumentFormatSchema: GenEnum<DocumentFormat> = /*@__PURE__*/
  enumDesc(file_workflow_results_v1_results, 0);

/**
 * What became of one deposited work.
 *
 * @generated from enum workflow_results.v1.DepositOutcome
 */
export enum DepositOutcome {
  /**
   * Never sent.
   *
   * @generated from enum value: DEPOSIT_OUTCOME_UNSPECIFIED = 0;
   */
  UNSPECIFIED = 0,

  /**
   * Stored durably by this request.
   *
   * @generated from enum value: DEPOSIT_OUTCOME_DEPOSITED = 1;
   */
  DEPOSITED = 1,

  /**
   * Stored durably before with the same content, apart from the lock state.
   *
   * @generated from enum value: DEPOSIT_OUTCOME_ALREADY_DEPOSITED = 2;
   */
  ALREADY_DEPOSITED = 2,

  /**
   * A result with this id is stored with other content. It was not changed; the work is not stored.
   *
   * @generated from enum value: DEPOSIT_OUTCOME_CONFLICT = 3;
   */
  CONFLICT = 3,

  /**
   * The work breaks a rule and is not stored; the response's `rejections` say why.
   *
   * @generated from enum value: DEPOSIT_OUTCOME_REJECTED = 4;
   */
  REJECTED = 4,
}

/**
 * Describes the enum workflow_results.v1.DepositOutcome.
 */
export const DepositOutcomeSchema: GenEnum<DepositOutcome> = /*@__PURE__*/
  enumDesc(file_workflow_results_v1_results, 1);

/**
 * Why an all-or-nothing request was refused, for one result.
 *
 * @generated from enum workflow_results.v1.RefusalReason
 */
export enum RefusalReason {
  /**
   * Never sent.
   *
   * @generated from enum value: REFUSAL_REASON_UNSPECIFIED = 0;
   */
  UNSPECIFIED = 0,

  /**
   * No result has this id.
   *
   * @generated from enum value: REFUSAL_REASON_NOT_FOUND = 1;
   */
  NOT_FOUND = 1,

  /**
   * The result is locked.
   *
   * @generated from enum value: REFUSAL_REASON_LOCKED = 2;
   */
  LOCKED = 2,
}

/**
 * Describes the enum workflow_results.v1.RefusalReason.
 */
export const RefusalReasonSchema: GenEnum<RefusalReason> = /*@__PURE__*/
  enumDesc(file_workflow_results_v1_results, 2);

/**
 * What happened to a result.
 *
 * @generated from enum workflow_results.v1.ChangeKind
 */
export enum ChangeKind {
  /**
   * Never sent.
   *
   * @generated from enum value: CHANGE_KIND_UNSPECIFIED = 0;
   */
  UNSPECIFIED = 0,

  /**
   * Nothing: it is part of the snapshot.
   *
   * @generated from enum value: CHANGE_KIND_EXISTING = 1;
   */
  EXISTING = 1,

  /**
   * It was deposited.
   *
   * @generated from enum value: CHANGE_KIND_DEPOSITED = 2;
   */
  DEPOSITED = 2,

  /**
   * It was changed by an Update.
   *
   * @generated from enum value: CHANGE_KIND_UPDATED = 3;
   */
  UPDATED = 3,

  /**
   * It was locked, or had been locked before.
   *
   * @generated from enum value: CHANGE_KIND_LOCKED = 4;
   */
  LOCKED = 4,

  /**
   * It was unlocked, or had been unlocked before.
   *
   * @generated from enum value: CHANGE_KIND_UNLOCKED = 5;
   */
  UNLOCKED = 5,

  /**
   * It was deleted.
   *
   * @generated from enum value: CHANGE_KIND_DELETED = 6;
   */
  DELETED = 6,

  /**
   * An administrator changed it in MongoDB.
   *
   * @generated from enum value: CHANGE_KIND_CHANGED = 7;
   */
  CHANGED = 7,

  /**
   * It was changed, and does not match the query now; or it was deleted since, which is told by an event of its own.
   *
   * @generated from enum value: CHANGE_KIND_UNMATCHED = 8;
   */
  UNMATCHED = 8,

  /**
   * Its pipeline was dropped, with all results that may have been in it. The event has no id.
   *
   * @generated from enum value: CHANGE_KIND_DROPPED = 9;
   */
  DROPPED = 9,
}

/**
 * Describes the enum workflow_results.v1.ChangeKind.
 */
export const ChangeKindSchema: GenEnum<ChangeKind> = /*@__PURE__*/
  enumDesc(file_workflow_results_v1_results, 3);

/**
 * The method that changed a result.
 *
 * @generated from enum workflow_results.v1.ChangeMethod
 */
export enum ChangeMethod {
  /**
   * Never sent.
   *
   * @generated from enum value: CHANGE_METHOD_UNSPECIFIED = 0;
   */
  UNSPECIFIED = 0,

  /**
   * Update.
   *
   * @generated from enum value: CHANGE_METHOD_UPDATE = 1;
   */
  UPDATE = 1,

  /**
   * DeleteIds.
   *
   * @generated from enum value: CHANGE_METHOD_DELETE_IDS = 2;
   */
  DELETE_IDS = 2,

  /**
   * Lock. The result may have been locked before.
   *
   * @generated from enum value: CHANGE_METHOD_LOCK = 3;
   */
  LOCK = 3,

  /**
   * Unlock. The result may have been unlocked before.
   *
   * @generated from enum value: CHANGE_METHOD_UNLOCK = 4;
   */
  UNLOCK = 4,

  /**
   * DropPipeline. The entry is of the pipeline, not of a result. It is made just before the pipeline is dropped.
   *
   * @generated from enum value: CHANGE_METHOD_DROP_PIPELINE = 5;
   */
  DROP_PIPELINE = 5,
}

/**
 * Describes the enum workflow_results.v1.ChangeMethod.
 */
export const ChangeMethodSchema: GenEnum<ChangeMethod> = /*@__PURE__*/
  enumDesc(file_workflow_results_v1_results, 4);

/**
 * Stores the results of scientific pipelines in MongoDB. Each method of the Python client `Results` is one RPC.
 *
 * @generated from service workflow_results.v1.ResultsService
 */
export const ResultsService: GenService<{
  /**
   * Stores works, with an outcome for each.
   *
   * Not atomic: every work that can be stored is stored, regardless of the others. Idempotent: a work that is already
   * stored with the same content is ALREADY_DEPOSITED, so any Deposit may be repeated. Nothing is overwritten.
   * DEPOSITED and ALREADY_DEPOSITED are durable: written to the journals of a majority of the replica set. Several
   * works with the same id are processed in their order. An empty list of works is valid. At most 100,000 works. The
   * first work of a pipeline creates it. While the limit of pipelines is reached, works of new pipelines are REJECTED
   * with TOO_MANY_PIPELINES, and all others are stored. The rejected ones may be deposited again later.
   *
   * @generated from rpc workflow_results.v1.ResultsService.Deposit
   */
  deposit: {
    methodKind: "unary";
    input: typeof DepositRequestSchema;
    output: typeof DepositResponseSchema;
  },
  /**
   * Deposits many requests over one stream; each is acknowledged by one response, in the order of the requests.
   *
   * Each request has the same effect as a Deposit. The client half-closes when it has sent everything, and the server
   * ends the stream after the last acknowledgement. If the stream breaks, the outcome of requests without a response is
   * unknown: send them again, on a new stream. An invalid request ends the stream with the error that Deposit would
   * give.
   *
   * @generated from rpc workflow_results.v1.ResultsService.DepositStream
   */
  depositStream: {
    methodKind: "bidi_streaming";
    input: typeof DepositStreamRequestSchema;
    output: typeof DepositStreamResponseSchema;
  },
  /**
   * Sets the given top-level fields of each result named by the works' `pipeline` and `id`.
   *
   * All or nothing, in one transaction. Fields not given are kept; a given `results` is replaced whole. If a result
   * does not exist or is locked, the request is refused: nothing is changed, and `applied` is false. Never changes the
   * lock state. INVALID_ARGUMENT with the reason LOCK_STATE for a work whose `results.locked` is true, with the reason
   * of a Rejection for a work that breaks another rule, and with INVALID_REQUEST if two works name the same result.
   * FAILED_PRECONDITION with the reason TOO_LARGE if a result would become larger than a work may be. An empty list of
   * works is valid. At most 100,000 works.
   *
   * @generated from rpc workflow_results.v1.ResultsService.Update
   */
  update: {
    methodKind: "unary";
    input: typeof UpdateRequestSchema;
    output: typeof UpdateResponseSchema;
  },
  /**
   * Deletes results.
   *
   * All or nothing, in one transaction. If a result does not exist or is locked, the request is refused: nothing is
   * changed, and `applied` is false. An id named twice counts once. An empty list of ids is valid. At most 100,000 ids,
   * repetitions included.
   *
   * @generated from rpc workflow_results.v1.ResultsService.DeleteIds
   */
  deleteIds: {
    methodKind: "unary";
    input: typeof DeleteIdsRequestSchema;
    output: typeof DeleteIdsResponseSchema;
  },
  /**
   * Streams the results of a pipeline that match a MongoDB query.
   *
   * Sends one or more parts, the last one with a summary; a stream without a summary is incomplete. INVALID_ARGUMENT
   * with the reason INVALID_QUERY or INVALID_PROJECTION, and the path of the error, if an operator is not supported.
   *
   * @generated from rpc workflow_results.v1.ResultsService.View
   */
  view: {
    methodKind: "server_streaming";
    input: typeof ViewRequestSchema;
    output: typeof ViewResponseSchema;
  },
  /**
   * Counts the results of a pipeline that match a MongoDB query, exactly.
   *
   * Fast for queries on `id`, `event` and `results.locked`. Others scan the pipeline within the deadline;
   * DEADLINE_EXCEEDED if that is too short. Errors for queries as in View.
   *
   * @generated from rpc workflow_results.v1.ResultsService.Count
   */
  count: {
    methodKind: "unary";
    input: typeof CountRequestSchema;
    output: typeof CountResponseSchema;
  },
  /**
   * Streams the results of a pipeline with the highest or lowest values of a field.
   *
   * They come in the order of their values, and those with equal values in that of their ids, both descending or both
   * ascending. Results whose field is missing, not a number, or NaN, are left out. INVALID_ARGUMENT if the field is not a
   * field path, or the limit not from 1 to 10,000. Parts as in View, but without resume tokens: start a stream that
   * breaks again. The results are those that matched when the stream began; those deleted since are left out. Fast for
   * an indexed field; others scan the results that match the query, within the server's time for a batch.
   *
   * @generated from rpc workflow_results.v1.ResultsService.Top
   */
  top: {
    methodKind: "server_streaming";
    input: typeof TopRequestSchema;
    output: typeof TopResponseSchema;
  },
  /**
   * Counts the results of a pipeline by the values of a field.
   *
   * The most frequent values come first, at most 1,000 of them. A result whose field is an array counts for each
   * distinct element. Results without the field are left out. Values that are equal in MongoDB, like 1 and 1.0, count
   * together. Documents, arrays in arrays, and strings and binaries of more than 1,024 bytes are not told apart. Scans
   * the results that match the query, within the deadline. Errors for queries as in View.
   *
   * @generated from rpc workflow_results.v1.ResultsService.CountBy
   */
  countBy: {
    methodKind: "unary";
    input: typeof CountByRequestSchema;
    output: typeof CountByResponseSchema;
  },
  /**
   * Counts the results of every pipeline from MongoDB's metadata, at a cost that does not depend on how many there are.
   *
   * Exact except after an unclean shutdown of MongoDB. Pipelines without results are left out.
   *
   * @generated from rpc workflow_results.v1.ResultsService.Status
   */
  status: {
    methodKind: "unary";
    input: typeof StatusRequestSchema;
    output: typeof StatusResponseSchema;
  },
  /**
   * Returns the versions of server, API and MongoDB, and the limits of this server.
   *
   * @generated from rpc workflow_results.v1.ResultsService.Info
   */
  info: {
    methodKind: "unary";
    input: typeof InfoRequestSchema;
    output: typeof InfoResponseSchema;
  },
  /**
   * Streams the results of a pipeline with the highest ids; for ObjectId strings, the newest. Parts as in View.
   *
   * @generated from rpc workflow_results.v1.ResultsService.GetByCount
   */
  getByCount: {
    methodKind: "server_streaming";
    input: typeof GetByCountRequestSchema;
    output: typeof GetByCountResponseSchema;
  },
  /**
   * Streams the results with the given ids. Parts as in View.
   *
   * Ids not found are left out; an id named twice counts once. An empty list of ids is valid. At most 100,000 ids,
   * repetitions included.
   *
   * @generated from rpc workflow_results.v1.ResultsService.GetById
   */
  getById: {
    methodKind: "server_streaming";
    input: typeof GetByIdRequestSchema;
    output: typeof GetByIdResponseSchema;
  },
  /**
   * Streams the results whose field `event` contains a number, alone or among others. Parts as in View.
   *
   * @generated from rpc workflow_results.v1.ResultsService.GetByEvent
   */
  getByEvent: {
    methodKind: "server_streaming";
    input: typeof GetByEventRequestSchema;
    output: typeof GetByEventResponseSchema;
  },
  /**
   * Streams the locked results that have `results`, `plots` and `products`, each reduced to `id`, `event`, `plots`,
   * `products` and `results`. Parts as in View.
   *
   * @generated from rpc workflow_results.v1.ResultsService.GetLocked
   */
  getLocked: {
    methodKind: "server_streaming";
    input: typeof GetLockedRequestSchema;
    output: typeof GetLockedResponseSchema;
  },
  /**
   * Streams the changes of results as they are made, each with the result as it is when the change is sent.
   *
   * The stream has no end. Its first response has no events and says that it has begun: every change that is made from
   * then on is sent. With `snapshot`, the results that are there come first, as EXISTING, then a response with
   * `snapshot_complete`, then the changes since the beginning of the stream. A result that was deposited and does not
   * match the query is not sent; one that was changed and does not match is sent as UNMATCHED, whether it matched before
   * or not. The events of a result come in the order in which they happened, and none has an older state of the result
   * than one before it. If a result changes several times in a moment, the events have the same state of it; the state
   * in between is not sent. An event may be sent twice, none is lost.
   *
   * If the stream breaks, send the same request with the last `resume_token`. The server sends a response, without
   * events if there are none, about every 15 s; a client that receives nothing for 60 s should treat the stream as
   * broken. FAILED_PRECONDITION with the reason RESUME_TOKEN_EXPIRED if the changes since the token are not known any
   * more, since MongoDB's oplog does not go back that far, an administrator has renamed a collection, replaced one by
   * $out or dropped the database, or it is another database; begin anew, with a snapshot. Errors for queries and
   * projections as in View; a query that cannot be evaluated for some values ends the stream when such a result comes.
   *
   * @generated from rpc workflow_results.v1.ResultsService.Watch
   */
  watch: {
    methodKind: "server_streaming";
    input: typeof WatchRequestSchema;
    output: typeof WatchResponseSchema;
  },
  /**
   * Counts all locked results of a pipeline, exactly and fast.
   *
   * @generated from rpc workflow_results.v1.ResultsService.GetLockedCount
   */
  getLockedCount: {
    methodKind: "unary";
    input: typeof GetLockedCountRequestSchema;
    output: typeof GetLockedCountResponseSchema;
  },
  /**
   * Locks results: sets `results.locked` to true, also where `results` is null or missing.
   *
   * All or nothing, in one transaction. If a result does not exist, the request is refused: nothing is changed, and
   * `applied` is false. Locking a locked result is fine. An empty list of ids is valid. At most 100,000 ids,
   * repetitions included.
   *
   * @generated from rpc workflow_results.v1.ResultsService.Lock
   */
  lock: {
    methodKind: "unary";
    input: typeof LockRequestSchema;
    output: typeof LockResponseSchema;
  },
  /**
   * Unlocks results: sets `results.locked` of the locked ones to false. Without `force` it only counts them.
   *
   * All or nothing, in one transaction. If a result does not exist, the request is refused: nothing is changed, and
   * `applied` is false. Unlocking a result that is not locked is fine. An empty list of ids is valid. At most 100,000
   * ids, repetitions included.
   *
   * @generated from rpc workflow_results.v1.ResultsService.Unlock
   */
  unlock: {
    methodKind: "unary";
    input: typeof UnlockRequestSchema;
    output: typeof UnlockResponseSchema;
  },
  /**
   * Returns the changes of a result, the newest first: who updated, deleted, locked or unlocked it, when and why.
   *
   * Each Update, DeleteIds, Lock and Unlock that was applied is recorded in its own transaction, and no record is ever
   * changed. A deleted result keeps its history. A result that was never changed, or does not exist, has no entries.
   * Deposits are not recorded. Paged as in AIP-158: repeat the request with `next_page_token` until that is empty.
   *
   * @generated from rpc workflow_results.v1.ResultsService.History
   */
  history: {
    methodKind: "unary";
    input: typeof HistoryRequestSchema;
    output: typeof HistoryResponseSchema;
  },
  /**
   * Lists the indexes on fields of a pipeline. For admins.
   *
   * Those that every pipeline has, on the id, the event and locked results, are left out, and so is what an
   * administrator has made otherwise in MongoDB. A pipeline that does not exist has none.
   *
   * @generated from rpc workflow_results.v1.ResultsService.ListIndexes
   */
  listIndexes: {
    methodKind: "unary";
    input: typeof ListIndexesRequestSchema;
    output: typeof ListIndexesResponseSchema;
  },
  /**
   * Builds an index on a field, unless there is one. For admins.
   *
   * With it, Top and selective Counts and Views by this field take milliseconds instead of a scan, and CountBy without a
   * query about a tenth of the time; it then counts each value at a moment of its own. Each index makes deposits 25 to 40 % more expensive
   * for MongoDB, and takes memory and disk. At most 5 in a pipeline: FAILED_PRECONDITION with the reason
   * TOO_MANY_INDEXES; with PIPELINE_NOT_FOUND for a pipeline that does not exist; with INDEX_NOT_BUILT if it was dropped
   * meanwhile, or MongoDB can't build it. INVALID_ARGUMENT for the fields that have an index in every pipeline, and for
   * a path with a number in it, like `plots.0`. Deposits, updates and reads go on
   * while an index is built. If that takes longer than the call, `ready` of the response is false, and the server goes
   * on building; repeat the request to wait. If the server stops meanwhile, there is no index.
   *
   * @generated from rpc workflow_results.v1.ResultsService.CreateIndex
   */
  createIndex: {
    methodKind: "unary";
    input: typeof CreateIndexRequestSchema;
    output: typeof CreateIndexResponseSchema;
  },
  /**
   * Drops the index on a field, or gives up building it. For admins.
   *
   * An index that does not exist is fine. If a response is lost and the request is repeated, `dropped` is false although
   * the index was dropped.
   *
   * @generated from rpc workflow_results.v1.ResultsService.DropIndex
   */
  dropIndex: {
    methodKind: "unary";
    input: typeof DropIndexRequestSchema;
    output: typeof DropIndexResponseSchema;
  },
  /**
   * Drops a pipeline that has no results left, which makes room for another one. For admins.
   *
   * The history of its results stays, and gets an entry for the pipeline itself. FAILED_PRECONDITION with the reason
   * PIPELINE_NOT_EMPTY if it has results: nothing is changed. Works that arrive at the same time are deposited either
   * before the drop, so that the pipeline is not empty, or after it, into a new one; none is lost. A pipeline that does
   * not exist is fine. If a response is lost and the request is repeated, `dropped` is false although the pipeline was
   * dropped.
   *
   * @generated from rpc workflow_results.v1.ResultsService.DropPipeline
   */
  dropPipeline: {
    methodKind: "unary";
    input: typeof DropPipelineRequestSchema;
    output: typeof DropPipelineResponseSchema;
  },
}> = /*@__PURE__*/
  serviceDesc(file_workflow_results_v1_results, 0);

