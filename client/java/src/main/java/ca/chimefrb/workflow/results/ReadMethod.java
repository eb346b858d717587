package ca.chimefrb.workflow.results;

import ca.chimefrb.workflow.results.v1.GetByCountRequest;
import ca.chimefrb.workflow.results.v1.GetByCountResponse;
import ca.chimefrb.workflow.results.v1.GetByEventRequest;
import ca.chimefrb.workflow.results.v1.GetByEventResponse;
import ca.chimefrb.workflow.results.v1.GetByIdRequest;
import ca.chimefrb.workflow.results.v1.GetByIdResponse;
import ca.chimefrb.workflow.results.v1.GetLockedRequest;
import ca.chimefrb.workflow.results.v1.GetLockedResponse;
import ca.chimefrb.workflow.results.v1.ResultPart;
import ca.chimefrb.workflow.results.v1.ResultsServiceGrpc;
import ca.chimefrb.workflow.results.v1.TopRequest;
import ca.chimefrb.workflow.results.v1.TopResponse;
import ca.chimefrb.workflow.results.v1.ViewRequest;
import ca.chimefrb.workflow.results.v1.ViewResponse;
import com.google.protobuf.ByteString;
import io.grpc.MethodDescriptor;
import java.util.function.BiFunction;
import java.util.function.Function;

/**
 * A method that streams results.
 *
 * @param call the method
 * @param part the part of the stream in a response
 * @param resumed makes a request go on behind a token; null if the method has no tokens
 */
record ReadMethod<Q, R>(
    MethodDescriptor<Q, R> call, Function<R, ResultPart> part, BiFunction<Q, ByteString, Q> resumed) {
  static final ReadMethod<ViewRequest, ViewResponse> VIEW =
      new ReadMethod<>(
          ResultsServiceGrpc.getViewMethod(),
          ViewResponse::getPart,
          (request, token) -> request.toBuilder().setResumeToken(token).build());

  static final ReadMethod<GetByIdRequest, GetByIdResponse> GET_BY_ID =
      new ReadMethod<>(
          ResultsServiceGrpc.getGetByIdMethod(),
          GetByIdResponse::getPart,
          (request, token) -> request.toBuilder().setResumeToken(token).build());

  static final ReadMethod<GetByEventRequest, GetByEventResponse> GET_BY_EVENT =
      new ReadMethod<>(
          ResultsServiceGrpc.getGetByEventMethod(),
          GetByEventResponse::getPart,
          (request, token) -> request.toBuilder().setResumeToken(token).build());

  static final ReadMethod<GetByCountRequest, GetByCountResponse> GET_BY_COUNT =
      new ReadMethod<>(
          ResultsServiceGrpc.getGetByCountMethod(),
          GetByCountResponse::getPart,
          (request, token) -> request.toBuilder().setResumeToken(token).build());

  static final ReadMethod<GetLockedRequest, GetLockedResponse> GET_LOCKED =
      new ReadMethod<>(
          ResultsServiceGrpc.getGetLockedMethod(),
          GetLockedResponse::getPart,
          (request, token) -> request.toBuilder().setResumeToken(token).build());

  static final ReadMethod<TopRequest, TopResponse> TOP =
      new ReadMethod<>(ResultsServiceGrpc.getTopMethod(), TopResponse::getPart, null);
}
