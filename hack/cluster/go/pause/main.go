// The sandbox container's process: it waits, reaps orphans and ends on SIGTERM.
//
// With `-listen :8080` it also answers every TCP connection with its host name, and `-dial host:port`
// prints such an answer and ends: what the cluster's own tests need from an image, and nothing more.
package main

import (
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	listen := flag.String("listen", "", "answer each TCP connection with the host name")
	dial := flag.String("dial", "", "print what this address answers, and end")
	flag.Parse()
	if *dial != "" {
		exit(ask(*dial))
	}
	if *listen != "" {
		go func() { exit(answer(*listen)) }()
	}
	wait()
}

func wait() {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGCHLD)
	for received := range signals {
		if received != syscall.SIGCHLD {
			return
		}
		for {
			if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); pid <= 0 || err != nil {
				break
			}
		}
	}
}

func answer(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	name, _ := os.Hostname()
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		fmt.Fprintln(connection, name)
		connection.Close()
	}
}

func ask(address string) error {
	connection, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		return err
	}
	defer connection.Close()
	_, err = io.Copy(os.Stdout, connection)
	return err
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}
