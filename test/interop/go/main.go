// Reads a log as anybody can who trusts Go's checksum database packages and nothing of this project.
//
//	log DIR VKEY             every entry of an exported directory, and that the log only grew
//	proof DIR VKEY FILE      a .tlog-proof, for an entry in that directory
//	extends OLDER VKEY FILE  an add-checkpoint request, against the file of an older checkpoint
//	path LEVEL INDEX WIDTH   prints the path of a tile; bundles are at level -1
//	generate NAME            prints a new signer key and its verifier key
//	sign KEY TEXT            signs the text in a file with the signer key in another
//
// Exits with 1 and says what does not fit.
package main

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height, width = 8, 256

func main() {
	map[string]func([]string){
		"log": checkLog, "proof": checkProof, "extends": checkExtends, "path": path, "generate": generate, "sign": sign,
	}[os.Args[1]](os.Args[2:])
}

func checkLog(args []string) {
	directory, vkey := args[0], args[1]
	tree, unknown := openCheckpoint(read(directory+"/checkpoint"), vkey)
	hashes := readHashes(tree, directory)
	for index := int64(0); index < tree.N; {
		for _, entry := range readBundle(directory, tree.N, index/width) {
			proof, err := tlog.ProveRecord(tree.N, index, hashes)
			must(err, "entry %d", index)
			must(tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry)), "entry %d", index)
			index++
		}
	}
	fmt.Printf("entries %d, sizes %d, unknown signatures %d\n", tree.N, checkGrowth(tree, hashes), unknown)
}

// checkGrowth proves that the log at each of several sizes leads to that at each larger one. Returns how many there are.
func checkGrowth(tree tlog.Tree, hashes tlog.HashReader) int {
	var older []tlog.Tree
	for _, size := range []int64{1, 2, 3, 127, 128, 255, 256, 257, 511, 65535, 65536, 65537, tree.N} {
		if size > tree.N {
			continue
		}
		root, err := tlog.TreeHash(size, hashes)
		must(err, "size %d", size)
		for _, old := range older {
			proof, err := tlog.ProveTree(size, old.N, hashes)
			must(err, "sizes %d and %d", old.N, size)
			must(tlog.CheckTree(proof, size, root, old.N, old.Hash), "sizes %d and %d", old.N, size)
		}
		older = append(older, tlog.Tree{N: size, Hash: root})
	}
	return len(older)
}

func checkProof(args []string) {
	index, proof, checkpoint := splitProof(args[2], "c2sp.org/tlog-proof@v1\nindex ")
	tree, _ := openCheckpoint(checkpoint, args[1])
	if index < 0 || index >= tree.N {
		fail("proof: no such entry")
	}
	entry := readBundle(args[0], tree.N, index/width)[index%width]
	must(tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry)), "proof: entry %d", index)
	fmt.Printf("entry %d of %d\n", index, tree.N)
}

func checkExtends(args []string) {
	size, proof, checkpoint := splitProof(args[2], "old ")
	tree, _ := openCheckpoint(checkpoint, args[1])
	older, _ := openCheckpoint(read(args[0]), args[1])
	must(tlog.CheckTree(proof, tree.N, tree.Hash, size, older.Hash), "proof: %d from %d", tree.N, size)
	fmt.Printf("%d extends %d\n", tree.N, older.N)
}

func path(args []string) {
	tile := tlog.Tile{H: height}
	_, err := fmt.Sscan(strings.Join(args, " "), &tile.L, &tile.N, &tile.W)
	must(err, "path")
	fmt.Println(tilePath("", tile))
}

func generate(args []string) {
	skey, vkey, err := note.GenerateKey(rand.Reader, args[0])
	must(err, "key")
	fmt.Printf("%s\n%s\n", skey, vkey)
}

func sign(args []string) {
	signer, err := note.NewSigner(strings.TrimSpace(string(read(args[0]))))
	must(err, "key")
	signed, err := note.Sign(&note.Note{Text: string(read(args[1]))}, signer)
	must(err, "text")
	os.Stdout.Write(signed)
}

// openCheckpoint also returns how many signatures are of other keys than that of the log.
func openCheckpoint(signed []byte, vkey string) (tlog.Tree, int) {
	verifier, err := note.NewVerifier(vkey)
	must(err, "key")
	opened, err := note.Open(signed, note.VerifierList(verifier))
	must(err, "checkpoint")
	origin, rest, _ := strings.Cut(opened.Text, "\n")
	// The parser of the package knows one origin only; the lines after it are the same.
	tree, err := tlog.ParseTree([]byte("go.sum database tree\n" + rest))
	must(err, "checkpoint")
	// The package has no tiles of an empty tree, and older versions have another root than RFC 9162.
	if origin != verifier.Name() || tree.N == 0 && tree.Hash != sha256.Sum256(nil) {
		fail("checkpoint: not of this log")
	}
	return tree, len(opened.UnverifiedSigs)
}

// readHashes reads all hashes of a tree at once, so that each tile is held against the root once and not for each proof.
func readHashes(tree tlog.Tree, directory string) tlog.HashReader {
	indexes := make([]int64, tlog.StoredHashCount(tree.N))
	for at := range indexes {
		indexes[at] = int64(at)
	}
	var all []tlog.Hash
	if tree.N > 0 {
		var err error
		all, err = tlog.TileHashReader(tree, tiles(directory)).ReadHashes(indexes)
		must(err, "tiles")
	}
	return tlog.HashReaderFunc(func(wanted []int64) (hashes []tlog.Hash, _ error) {
		for _, index := range wanted {
			hashes = append(hashes, all[index])
		}
		return hashes, nil
	})
}

type tiles string

func (tiles) Height() int                     { return height }
func (tiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (directory tiles) ReadTiles(wanted []tlog.Tile) (data [][]byte, _ error) {
	for _, tile := range wanted {
		data = append(data, read(tilePath(string(directory), tile)))
	}
	return data, nil
}

// tilePath leaves the height out and calls bundles entries, as C2SP tlog-tiles does.
func tilePath(directory string, tile tlog.Tile) string {
	return directory + "/" + strings.NewReplacer("tile/8/data", "tile/entries", "tile/8", "tile").Replace(tile.Path())
}

func readBundle(directory string, size, index int64) (entries [][]byte) {
	tile := tlog.Tile{H: height, L: -1, N: index, W: width}
	if size < (index+1)*width {
		tile.W = int(size - index*width)
	}
	rest := read(tilePath(directory, tile))
	for len(rest) >= 2 && len(rest)-2 >= int(binary.BigEndian.Uint16(rest)) {
		end := 2 + int(binary.BigEndian.Uint16(rest))
		entries, rest = append(entries, rest[2:end]), rest[end:]
	}
	if len(rest) > 0 || len(entries) != tile.W {
		fail("bundle %d: malformed", index)
	}
	return entries
}

// splitProof reads a number behind the text that the file begins with, the hashes below it, and the checkpoint.
func splitProof(file, start string) (number int64, hashes []tlog.Hash, checkpoint []byte) {
	head, checkpoint, _ := bytes.Cut(read(file), []byte("\n\n"))
	lines := strings.Split(strings.TrimPrefix(string(head), start), "\n")
	number, err := strconv.ParseInt(lines[0], 10, 64)
	must(err, "proof")
	for _, line := range lines[1:] {
		hash, err := tlog.ParseHash(line)
		must(err, "proof")
		hashes = append(hashes, hash)
	}
	return number, hashes, checkpoint
}

func read(file string) []byte {
	content, err := os.ReadFile(file)
	must(err, "file")
	return content
}

func must(err error, what string, values ...any) {
	if err != nil {
		fail(what+": %v", append(values, err)...)
	}
}

func fail(what string, values ...any) {
	fmt.Fprintf(os.Stderr, what+"\n", values...)
	os.Exit(1)
}
