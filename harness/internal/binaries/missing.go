// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
)

// Trial is a place that did not have a binary, and why.
type Trial struct {
	// Place is where it was looked for.
	Place Place
	// Err is why it was not got there.
	Err error
}

// MissingError says which binaries could not be had, where each was looked for,
// and what would mend it.
type MissingError struct {
	// Version is the Kubernetes version that was wanted.
	Version string
	// Names are the missing binaries.
	Names []Name
	// Tried holds, for each of them, the places in the order of trying.
	Tried map[Name][]Trial
	// Help is one thing to do about it.
	Help string
}

// Error takes a line for each place.
func (e *MissingError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "find %s of kubernetes %s for %s/%s: in none of the five places",
		joinNames(e.Names), e.Version, runtime.GOOS, runtime.GOARCH)
	for _, name := range e.Names {
		fmt.Fprintf(&b, "\n%s:", name)
		for _, trial := range e.Tried[name] {
			text := strings.ReplaceAll(trial.Err.Error(), "\n", "\n    ")
			fmt.Fprintf(&b, "\n  %s: %s", trial.Place, text)
		}
	}
	fmt.Fprintf(&b, "\nhelp: %s", e.Help)
	return b.String()
}

// Unwrap gives the errors of all places.
func (e *MissingError) Unwrap() []error {
	var errs []error
	for _, name := range e.Names {
		for _, trial := range e.Tried[name] {
			errs = append(errs, trial.Err)
		}
	}
	return errs
}

func (q *search) error(missing []Name) error {
	e := &MissingError{Version: q.Version, Names: missing, Tried: q.tried}
	e.Help = q.help(e)
	return e
}

// storeError says that our own store cannot be used.
type storeError struct{ err error }

func (e storeError) Error() string { return "not tried: the store cannot be used: " + e.err.Error() }
func (e storeError) Unwrap() error { return e.err }

// help picks the advice for what the last place lacked, because that one needs
// the least.
func (q *search) help(e *MissingError) string {
	install := q.installCommand(e.Names)
	trials := e.Tried[e.Names[0]]
	last := trials[len(trials)-1].Err
	var failed *buildError
	switch {
	case errors.As(last, new(storeError)):
		return fmt.Sprintf("aggtest binaries install --kubernetes %s --store FOLDER, with a folder that can be written to", q.Version)
	case errors.As(last, new(noGoError)):
		return "install Go (https://go.dev/dl), then run: " + install
	case errors.As(last, &failed):
		return failed.help(install)
	default:
		return "where there is a network, run: " + install
	}
}

// installCommand is the command that does with a network what the caller
// wanted.
func (q *search) installCommand(missing []Name) string {
	command := []string{"aggtest", "binaries", "install", "--kubernetes", q.Version}
	if q.Config.Store != "" {
		command = append(command, "--store", q.Config.Store)
	}
	isUsual := func(name Name) bool { return slices.Contains(usual, name) }
	if !slices.ContainsFunc(missing, func(name Name) bool { return !isUsual(name) }) {
		return strings.Join(command, " ")
	}
	for _, name := range missing {
		command = append(command, string(name))
	}
	return strings.Join(command, " ")
}
