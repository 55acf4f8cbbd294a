// SPDX-License-Identifier: Apache-2.0

package network

import (
	"math/rand/v2"
	"time"
)

// chooseSeed returns a seed for a fault that has none. It is never 0, and short
// enough to be typed.
func chooseSeed() uint64 { return uint64(rand.Uint32()) + 1 }

// Each connection has a generator of its own for each thing that is drawn, so
// that what one connection does never changes what another draws.
const (
	drawsPerConnection = 4
	drawHit            = 2 // after the two directions
	drawDial           = 3
)

func (f Fault) random(connection uint64, draw uint64) *rand.Rand {
	return rand.New(rand.NewPCG(f.Seed, connection*drawsPerConnection+draw))
}

// hits is whether the connection of that number is in the fraction.
func (f Fault) hits(connection uint64) bool {
	if f.Fraction == 0 || f.Fraction == 1 {
		return true
	}
	return f.random(connection, drawHit).Float64() < f.Fraction
}

// delay returns one delay, with its jitter.
func (f Fault) delay(random *rand.Rand) time.Duration {
	if f.Jitter == 0 {
		return f.Delay
	}
	return f.Delay - f.Jitter + time.Duration(random.Int64N(2*int64(f.Jitter)+1))
}
