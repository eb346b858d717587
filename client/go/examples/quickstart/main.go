package main

import (
	"context"
	"fmt"
	"log"

	wr "github.com/chimefrb/workflow-results/client/go/workflowresults"
	"go.mongodb.org/mongo-driver/v2/bson"
)

type Burst struct {
	ID       string `bson:"id,omitempty"` // if it is empty, the client makes one
	Pipeline string `bson:"pipeline"`
	Status   string `bson:"status"`
	Results  bson.D `bson:"results"`
}

func check[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func main() {
	ctx, results := context.Background(), check(wr.NewFromEnvironment())
	defer results.Close()
	watch := check(results.Watch(ctx, []string{"tutorial"}, nil))
	defer watch.Close()

	burst := Burst{"burst-1", "tutorial", "success", bson.D{{Key: "dm", Value: 348.8}}}
	fmt.Println(check(results.Deposit(ctx, []any{burst}))[0])
	found := results.View(ctx, "tutorial", bson.M{"results.dm": bson.M{"$gt": 300}}, &wr.ViewOptions{Limit: 3})
	for burst, err := range wr.Decode[Burst](found) {
		fmt.Println(check(burst, err).ID, burst.Results)
	}
	fmt.Println("lock:", check(results.Lock(ctx, "tutorial", []string{"burst-1"}, nil)))
	fmt.Println("a change:", check(watch.Next(ctx)).Kind)
}
