// golang.org/x/oauth2/clientcredentials: Config.TokenSource, which caches its token (ReuseTokenSource), and an http.Client
// with the same source, built as in Config.Client. AuthStyle is the default, auto-detection. No shim.
//
// Reads commands from standard input and answers each with a line of JSON, in the format of adapter.py.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

type adapter struct {
	source oauth2.TokenSource
	client *http.Client
}

func newAdapter() *adapter {
	config := clientcredentials.Config{
		ClientID:     os.Getenv("OAUTH_CLIENT_ID"),
		ClientSecret: os.Getenv("OAUTH_CLIENT_SECRET"),
		TokenURL:     os.Getenv("OAUTH_TOKEN_URL"),
	}
	source := config.TokenSource(context.Background())
	return &adapter{source, oauth2.NewClient(context.Background(), source)}
}

func (a *adapter) token() error {
	_, err := a.source.Token()
	return err
}

func (a *adapter) call() error {
	response, err := a.client.Get(os.Getenv("GENESYS_API_URL") + "/api/v2/tokens/me")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	io.Copy(io.Discard, response.Body)
	if response.StatusCode != 200 {
		return fmt.Errorf("HTTP %d", response.StatusCode)
	}
	return nil
}

func repeat(action func() error, count int, together bool) []error {
	var failures []error
	if !together {
		for i := 0; i < count; i++ {
			if err := action(); err != nil {
				failures = append(failures, err)
			}
		}
		return failures
	}
	var lock sync.Mutex
	var ready, done sync.WaitGroup
	release := make(chan struct{})
	ready.Add(count)
	done.Add(count)
	for i := 0; i < count; i++ {
		go func() {
			defer done.Done()
			ready.Done()
			<-release
			if err := action(); err != nil {
				lock.Lock()
				failures = append(failures, err)
				lock.Unlock()
			}
		}()
	}
	ready.Wait()
	close(release)
	done.Wait()
	return failures
}

func main() {
	var a *adapter
	pattern := regexp.MustCompile(`^(token|call) ([1-9][0-9]*)( together)?$`)
	answers := json.NewEncoder(os.Stdout)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		command := pattern.FindStringSubmatch(line)
		if command == nil {
			if line == "time" {
				answers.Encode(map[string]float64{"time": float64(time.Now().UnixNano()) / 1e9})
			} else {
				answers.Encode(map[string]string{"error": "unknown command"})
			}
			continue
		}
		if a == nil {
			a = newAdapter()
		}
		action := a.token
		if command[1] == "call" {
			action = a.call
		}
		count, _ := strconv.Atoi(command[2])
		failures := repeat(action, count, command[3] != "")
		answer := map[string]any{"succeeded": count - len(failures), "failed": len(failures), "error": nil}
		if len(failures) > 0 {
			answer["error"] = failures[0].Error()
		}
		answers.Encode(answer)
	}
}
