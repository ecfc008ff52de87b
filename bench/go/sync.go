// Locks, turns and channels between two goroutines, where it says so each on a thread of its own.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"sort"
	"sync"
	"time"
)

const runs = 6
const batch = 1024

var pairs = map[string]int{"smoke": 10_000, "quick": 1_000_000, "full": 1_000_000}
var turns = map[string]int{"smoke": 100, "quick": 3000, "full": 20_000}
var items = map[string]int{"smoke": 2000, "quick": 200_000, "full": 2_000_000}

type record struct{ a, b float64 }

func median(times []float64) float64 {
	sort.Float64s(times)
	return times[len(times)/2]
}

func seconds(locked bool, first, second func()) float64 {
	return secondsOf(locked, func() (func(), func()) { return first, second })
}

// Median seconds of both sides; the first third of the runs warms up. `locked`: each side keeps a thread.
func secondsOf(locked bool, sides func() (func(), func())) float64 {
	times := []float64{}
	for run := 0; run < runs; run++ {
		first, second := sides()
		var both sync.WaitGroup
		both.Add(2)
		begin := time.Now()
		for _, side := range []func(){first, second} {
			go func() {
				if locked {
					runtime.LockOSThread()
				}
				side()
				both.Done()
			}()
		}
		both.Wait()
		times = append(times, time.Since(begin).Seconds())
	}
	return median(times[runs/3:])
}

func lockNs(count int) float64 {
	var mutex sync.Mutex
	times := []float64{}
	for run := 0; run < 9; run++ {
		begin := time.Now()
		for i := 0; i < count; i++ {
			mutex.Lock()
			mutex.Unlock()
		}
		times = append(times, float64(time.Since(begin).Nanoseconds())/float64(count))
	}
	return median(times[3:])
}

func handOverUs(locked bool, count int) float64 {
	there, back := make(chan int), make(chan int)
	first := func() {
		for i := 0; i < count; i++ {
			there <- i
			<-back
		}
	}
	second := func() {
		for i := 0; i < count; i++ {
			<-there
			back <- i
		}
	}
	return seconds(locked, first, second) * 1e6 / float64(2*count)
}

func check(total, count int) {
	if total != count*(count-1)/2 {
		panic("wrong result")
	}
}

func numbersPerSecond(count int) float64 {
	channel := make(chan int, batch)
	first := func() {
		for i := 0; i < count; i++ {
			channel <- i
		}
	}
	second := func() {
		total := 0
		for i := 0; i < count; i++ {
			total += <-channel
		}
		check(total, count)
	}
	return float64(count) / seconds(false, first, second)
}

// Slices of 1,024 records; eight of them wait at most, and each is made anew, as its receiver keeps it.
func batchesPerSecond(count int) float64 {
	var channel chan []record
	first := func() {
		for from := 0; from < count; from += batch {
			records := make([]record, min(batch, count-from))
			for i := range records {
				records[i] = record{float64(from + i), 0.5}
			}
			channel <- records
		}
		close(channel)
	}
	second := func() {
		total := 0.0
		for records := range channel {
			for _, one := range records {
				total += one.a
			}
		}
		check(int(total), count)
	}
	return float64(count) / secondsOf(false, func() (func(), func()) {
		channel = make(chan []record, 8)
		return first, second
	})
}

func main() {
	variant, scale := os.Args[1], os.Args[2]
	sample := map[string]float64{}
	switch variant {
	case "goMutex":
		sample["lockNs"] = lockNs(pairs[scale])
	case "goTurns":
		sample["handOverUs"] = handOverUs(false, turns[scale])
	case "goThreadTurns":
		sample["handOverUs"] = handOverUs(true, turns[scale])
	case "goChannel":
		sample["perSecond"] = numbersPerSecond(items[scale])
	case "goBatches":
		sample["perSecond"] = batchesPerSecond(items[scale] * 10)
	default:
		panic("no variant " + variant)
	}
	answer, _ := json.Marshal(sample)
	fmt.Println(string(answer))
}
