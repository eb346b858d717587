package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"
)

// collection connects the driver of MongoDB, which the facade is compared with.
func collection(asked *command) (*mongo.Collection, func() error, error) {
	journal := true
	durable := &writeconcern.WriteConcern{W: writeconcern.WCMajority, Journal: &journal}
	client, err := mongo.Connect(options.Client().ApplyURI(asked.URI).SetWriteConcern(durable))
	if err != nil {
		return nil, nil, err
	}
	end := func() error { return client.Disconnect(context.Background()) }
	return client.Database(asked.Database).Collection(asked.Pipeline), end, nil
}

// driverInsert inserts the works that send_many deposits.
func driverInsert(ctx context.Context, asked *command) (answer fields, err error) {
	const most = 1_000
	works, end, err := collection(asked)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, end()) }()
	padding, began := strings.Repeat("x", asked.Padding), time.Now()
	for start := asked.From; start < asked.To; start += most {
		batch := make([]any, 0, most)
		for number := start; number < min(start+most, asked.To); number++ {
			work := numbered(asked.Pipeline, number, padding)
			batch = append(batch, append(bson.D{{Key: "_id", Value: work[0].Value}}, work...))
		}
		if _, err := works.InsertMany(ctx, batch, options.InsertMany().SetOrdered(false)); err != nil {
			return nil, err
		}
	}
	return fields{"seconds": time.Since(began).Seconds()}, nil
}

// driverFind reads and decodes all documents of a collection.
func driverFind(ctx context.Context, asked *command) (answer fields, err error) {
	results, end, err := collection(asked)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, end()) }()
	began, count := time.Now(), 0
	cursor, err := results.Find(ctx, bson.D{}, options.Find().SetSort(bson.D{{Key: "_id", Value: -1}}))
	if err != nil {
		return nil, err
	}
	for cursor.Next(ctx) {
		var document bson.D
		if err := cursor.Decode(&document); err != nil {
			return nil, err
		}
		count++
	}
	return fields{"count": count, "seconds": time.Since(began).Seconds()}, cursor.Err()
}
