// A driver of the benchmark on etcd's own Go client, the fastest client that etcd has.
//
//	etcd-go http://127.0.0.1:2379 http://127.0.0.1:2381
//
// It speaks the protocol of ../driver-protocol.ts: one request a line on standard input, and for
// each `warm`, `ended` and `measured` on standard output. It measures as ../measure.ts does: a closed
// loop of so many workers, no pause between warm-up and window, failures counted and not recorded.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sort"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/etcd/clientv3"
	"go.etcd.io/etcd/clientv3/concurrency"
)

const (
	errorPause  = 20 * time.Millisecond
	maxMessages = 3
)

type request struct {
	Workload      string  `json:"workload"`
	InFlight      int     `json:"inFlight"`
	WarmUpSeconds float64 `json:"warmUpSeconds"`
	Seconds       float64 `json:"seconds"`
	Value         string  `json:"value"`
}

type figures struct {
	Ops            int      `json:"ops"`
	ElapsedSeconds float64  `json:"elapsedSeconds"`
	P50Ms          *float64 `json:"p50Ms,omitempty"`
	P99Ms          *float64 `json:"p99Ms,omitempty"`
	Errors         int      `json:"errors"`
	ErrorMessages  []string `json:"errorMessages"`
}

// The first field must come first in the JSON: that is how the bench knows an event.
type event struct {
	Event   string   `json:"event"`
	Message string   `json:"message,omitempty"`
	Figures *figures `json:"figures,omitempty"`
}

type operation func(worker int) error

func emit(e event) {
	line, err := json.Marshal(e)
	check(err)
	fmt.Println(string(line))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(1)
	}
}

const (
	warmingUp int32 = iota
	open
	closed
)

// window collects what the workers report; latencies are in milliseconds.
type window struct {
	state     int32
	mu        sync.Mutex
	latencies []float64
	errors    int
	messages  []string
}

func (w *window) succeeded(ms []float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.latencies = append(w.latencies, ms...)
}

func (w *window) failed(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.errors++
	for _, known := range w.messages {
		if known == err.Error() {
			return
		}
	}
	if len(w.messages) < maxMessages {
		w.messages = append(w.messages, err.Error())
	}
}

// work keeps its latencies to itself until it ends, so that workers do not wait for each other.
func (w *window) work(worker int, op operation) {
	var mine []float64
	for atomic.LoadInt32(&w.state) != closed {
		start := time.Now()
		if err := op(worker); err != nil {
			w.failed(err)
			time.Sleep(errorPause)
		} else if took := time.Since(start); atomic.LoadInt32(&w.state) == open {
			mine = append(mine, float64(took.Nanoseconds())/1e6)
		}
	}
	w.succeeded(mine)
}

func measure(r request, op operation) figures {
	w := &window{messages: []string{}}
	var workers sync.WaitGroup
	for i := 0; i < r.InFlight; i++ {
		workers.Add(1)
		go func(worker int) {
			defer workers.Done()
			w.work(worker, op)
		}(i)
	}
	time.Sleep(time.Duration(r.WarmUpSeconds * float64(time.Second)))
	atomic.StoreInt32(&w.state, open)
	start := time.Now()
	emit(event{Event: "warm"})
	time.Sleep(time.Duration(r.Seconds * float64(time.Second)))
	atomic.StoreInt32(&w.state, closed)
	elapsed := time.Since(start).Seconds()
	emit(event{Event: "ended"})
	workers.Wait()
	sort.Float64s(w.latencies)
	return figures{
		Ops:            len(w.latencies),
		ElapsedSeconds: elapsed,
		P50Ms:          percentile(w.latencies, 50),
		P99Ms:          percentile(w.latencies, 99),
		Errors:         w.errors,
		ErrorMessages:  w.messages,
	}
}

// percentile is the nearest rank, and nil when nothing was recorded.
func percentile(sorted []float64, percent int) *float64 {
	if len(sorted) == 0 {
		return nil
	}
	rank := (percent*len(sorted) + 99) / 100
	return &sorted[rank-1]
}

func operations(client *clientv3.Client, session *concurrency.Session, value string) map[string]operation {
	ctx := context.Background()
	putKey := func(worker int) string { return "bench/put/" + strconv.Itoa(worker) }
	return map[string]operation{
		"put": func(worker int) error {
			_, err := client.Put(ctx, putKey(worker), value)
			return err
		},
		"get": func(worker int) error {
			answer, err := client.Get(ctx, putKey(worker))
			if err == nil && len(answer.Kvs) != 1 {
				return errors.New("the key that was put is not there")
			}
			return err
		},
		"lock": func(worker int) error {
			mutex := concurrency.NewMutex(session, "bench/lock/"+strconv.Itoa(worker))
			if err := mutex.Lock(ctx); err != nil {
				return err
			}
			return mutex.Unlock(ctx)
		},
	}
}

func runCell(client *clientv3.Client, session *concurrency.Session, r request) error {
	all := operations(client, session, r.Value)
	op, known := all[r.Workload]
	if !known {
		return fmt.Errorf("this driver does not offer %s", r.Workload)
	}
	for worker := 0; r.Workload == "get" && worker < r.InFlight; worker++ {
		if err := all["put"](worker); err != nil {
			return err
		}
	}
	measured := measure(r, op)
	emit(event{Event: "measured", Figures: &measured})
	return nil
}

func main() {
	config := clientv3.Config{Endpoints: os.Args[1:], DialTimeout: 5 * time.Second}
	client, err := clientv3.New(config)
	check(err)
	session, err := concurrency.NewSession(client)
	check(err)
	emit(event{Event: "ready"})
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var r request
		check(json.Unmarshal(lines.Bytes(), &r))
		if err := runCell(client, session, r); err != nil {
			emit(event{Event: "failed", Message: err.Error()})
		}
	}
	check(session.Close())
	check(client.Close())
}
