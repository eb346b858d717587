package main

import (
	"context"
	"encoding/hex"
	"io"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	wr "github.com/chimefrb/workflow-results/client/go/workflowresults"
)

// asBytes is a codec that sends and receives messages as they are.
type asBytes struct{}

func (asBytes) Name() string                        { return "proto" }
func (asBytes) Marshal(message any) ([]byte, error) { return *message.(*[]byte), nil }
func (asBytes) Unmarshal(data []byte, message any) error {
	*message.(*[]byte) = append([]byte(nil), data...)
	return nil
}

// rpc calls a method without the facade, over its connection.
func rpc(ctx context.Context, client *wr.Results, asked *command) (fields, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := client.Connection().NewStream(
		ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true},
		"/workflow_results.v1.ResultsService/"+asked.Method, grpc.ForceCodec(asBytes{}), grpc.WaitForReady(true))
	if err != nil {
		return nil, explained(err)
	}
	requests := asked.Requests
	if requests == nil {
		requests = []string{asked.Request}
	}
	for _, each := range requests {
		data, err := hex.DecodeString(each)
		if err != nil {
			return nil, err
		}
		if err := stream.SendMsg(&data); err != nil && err != io.EOF { // which the next response explains
			return nil, explained(err)
		}
	}
	if err := stream.CloseSend(); err != nil {
		return nil, err
	}
	responses := []string{}
	for asked.Take == 0 || len(responses) < asked.Take {
		var data []byte
		if err := stream.RecvMsg(&data); err == io.EOF {
			break
		} else if err != nil {
			return nil, explained(err)
		}
		responses = append(responses, hex.EncodeToString(data))
	}
	return fields{"responses": responses}, nil
}

// explained returns an error of gRPC as one of the facade, as far as the suite looks at it.
func explained(err error) error {
	state := status.Convert(err)
	made := &wr.Error{Kind: wr.Other, Code: state.Code(), Message: state.Message()}
	for _, detail := range state.Details() {
		switch each := detail.(type) {
		case *errdetails.ErrorInfo:
			made.Reason, made.CallID = each.GetReason(), each.GetMetadata()["call_id"]
		case *errdetails.BadRequest:
			for _, violation := range each.GetFieldViolations() {
				made.Fields = append(made.Fields, violation.GetField())
			}
		}
	}
	return made
}

func codeName(number codes.Code) string { return code.Code_name[int32(number)] }
