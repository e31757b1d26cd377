package main

import "fmt"

// A Program is what the parser makes of a text. Everything that moves if a line
// is inserted is in Lines and Flaws.
type Program struct {
	Blocks []Block
	Lines  []int     // Lines[i] is the line of the label of Blocks[i], from 1
	Flaws  []Problem // what could not be read
}

// A Block is a label with instructions, of which only the last may jump.
type Block struct {
	Label string
	Code  []Instr
}

// An Instr is one instruction.
type Instr struct {
	Line int      // below the label
	Sets string   // the variable that is assigned, or ""
	Uses []string // the variables that are read
	Jump string   // the label that it may go on with, or ""
	Ends bool     // it does not go on with the next instruction
}

// A Problem is something wrong on a line.
type Problem struct {
	Line int // from 1
	Text string
}

func (p Problem) String() string { return fmt.Sprintf("%d: %s", p.Line, p.Text) }
