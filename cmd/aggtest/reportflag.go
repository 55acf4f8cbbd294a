// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/aggtest/aggtest/scenarios"
)

// reports are the files of --report, which are opened before the run: a file
// that cannot be written should not cost one, and what stands in it from an
// earlier run must not be taken for the result of one that was killed.
type reports []reportFile

type reportFile struct {
	file *os.File
	// timelines is true for a format that holds what happened in each scenario.
	timelines bool
	write     func(*scenarios.Report, io.Writer) error
}

func openReports(values []string) (reports, error) {
	var opened reports
	for _, value := range values {
		format, path, _ := strings.Cut(value, "=")
		var write func(*scenarios.Report, io.Writer) error
		switch format {
		case "json":
			write = (*scenarios.Report).WriteJSON
		case "junit":
			write = (*scenarios.Report).WriteJUnit
		}
		if write == nil || path == "" {
			opened.close()
			return nil, inputError(fmt.Errorf("--report %q: want json=FILE or junit=FILE", value))
		}
		file, err := os.Create(path)
		if err != nil {
			opened.close()
			return nil, inputError(fmt.Errorf("--report %s: %w", value, err))
		}
		opened = append(opened, reportFile{file: file, timelines: format == "json", write: write})
	}
	return opened, nil
}

// keepTimelines tells whether a report holds what happened in each scenario.
func (r reports) keepTimelines() bool {
	return slices.ContainsFunc(r, func(report reportFile) bool { return report.timelines })
}

func (r reports) write(result *scenarios.Report) error {
	var problems []error
	for _, report := range r {
		err := report.write(result, report.file)
		if err == nil {
			err = report.file.Close()
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("write %s: %w", report.file.Name(), err))
		}
	}
	if len(problems) == 0 {
		return nil
	}
	return environmentError(errors.Join(problems...))
}

// close is for a run that did not come to writing. A second close is no error
// that anybody needs to know.
func (r reports) close() {
	for _, report := range r {
		_ = report.file.Close()
	}
}
