using ActorTrain.Models.Kernels;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Storage;
using static TorchSharp.torch;

namespace ActorTrain.Models.Tests.Storage;

public sealed class FlatSumsTests
{
    private static readonly long[] Lengths = [1, 15, 64, 100_001, FlatSums.Block, FlatSums.Block + 12_345];

    [Fact]
    public void The_composed_form_adds_with_the_bits_of_the_kernels_and_squares_to_rounding()
    {
        foreach (var length in Lengths)
        {
            using var scope = NewDisposeScope();
            var (left, right, reference, fused) = (randn(length), randn(length), empty(length), empty(length));
            var blocks = FlatSums.BlocksOf(length);
            var (ours, theirs, again) = (new double[blocks], new double[blocks], new double[blocks]);
            FlatSums.Add(length, left.Address(), right.Address(), fused.Address(), new SumReport { Squares = ours });
            FlatSums.Squares(length, fused.Address(), again);
            FlatSums.ReferenceAdd(length, left.Address(), right.Address(), reference.Address());
            FlatSums.ReferenceSquares(length, reference.Address(), theirs);
            fused.bytes.SequenceEqual(reference.bytes).ShouldBeTrue();
            fused.bytes.SequenceEqual((left + right).bytes).ShouldBeTrue();
            again.ShouldBe(ours);
            for (var i = 0; i < blocks; i++)
                ours[i].ShouldBe(theirs[i], 1e-12 * theirs[i]);
        }
    }

    [Fact]
    public void A_sum_may_take_the_memory_of_either_operand()
    {
        using var scope = NewDisposeScope();
        var (left, right) = (randn(1000), randn(1000));
        var sum = left + right;
        var (intoLeft, intoRight) = (left.clone(), right.clone());
        FlatSums.Add(1000, intoLeft.Address(), right.Address(), intoLeft.Address());
        FlatSums.Add(1000, left.Address(), intoRight.Address(), intoRight.Address());
        intoLeft.bytes.SequenceEqual(sum.bytes).ShouldBeTrue();
        intoRight.bytes.SequenceEqual(sum.bytes).ShouldBeTrue();
    }

    [Fact]
    public void The_norm_from_squares_of_pieces_cut_at_blocks_has_the_bits_of_the_norm_of_the_whole()
    {
        using var scope = NewDisposeScope();
        var vector = randn(3 * FlatSums.Block + 777);
        var norm = GradientNorm.Of(vector);
        for (var cut = 0; cut <= 3; cut++)
        {
            var first = new double[cut];
            FlatSums.Squares(cut * FlatSums.Block, vector.Address(), first);
            var rest = vector.numel() - cut * FlatSums.Block;
            var second = new double[FlatSums.BlocksOf(rest)];
            FlatSums.Squares(rest, vector.Address() + (nint)(cut * FlatSums.Block * sizeof(float)), second);
            GradientNorm.OfSquares(first.Concat(second)).ShouldBe(norm);
        }
    }

    [Fact]
    public void The_hash_of_a_state_tells_any_changed_bit_any_exchange_and_any_length()
    {
        var random = new Random(1);
        var bytes = new byte[200_003];
        random.NextBytes(bytes);
        var seen = new HashSet<ulong> { Hash(bytes) };
        for (var i = 0; i < 500; i++)
        {
            var at = random.Next(bytes.Length);
            bytes[at] ^= (byte)(1 << random.Next(8));
            seen.Add(Hash(bytes)).ShouldBeTrue($"change {i}");
        }

        // Pieces of 64 KiB, and words within a stripe, that change places.
        var (first, second) = (bytes[..65536], bytes[65536..131072]);
        second.CopyTo(bytes, 0);
        first.CopyTo(bytes, 65536);
        seen.Add(Hash(bytes)).ShouldBeTrue();
        (bytes[0], bytes[8]) = (bytes[8], bytes[0]);
        seen.Add(Hash(bytes)).ShouldBeTrue();
        foreach (var length in new[] { 0, 1, 127, 128, 129, 65535, 65536, 65537 })
            seen.Add(Hash(bytes.AsSpan(0, length))).ShouldBeTrue($"length {length}");
        var zeros = new byte[300];
        foreach (var length in new[] { 1, 2, 128, 256 })
            seen.Add(Hash(zeros.AsSpan(0, length))).ShouldBeTrue($"{length} zeros");
    }

    // The vectors that xxHash publishes (tests/sanity_test_vectors.h), XXH3 with 64 bits and seed 0.
    [Theory]
    [InlineData(0, 0x2D06800538D394C2)]
    [InlineData(1, 0xC44BDFF4074EECDB)]
    [InlineData(6, 0x27B56A84CD2D7325)]
    [InlineData(12, 0xA713DAF0DFBB77E7)]
    [InlineData(24, 0xA3FE70BF9D3510EB)]
    [InlineData(48, 0x397DA259ECBA1F11)]
    [InlineData(80, 0xBCDEFBBB2C47C90A)]
    [InlineData(195, 0xCD94217EE362EC3A)]
    [InlineData(403, 0xCDEB804D65C6DEA4)]
    [InlineData(512, 0x617E49599013CB6B)]
    [InlineData(2048, 0xDD59E2C3A5F038E0)]
    [InlineData(2240, 0x6E73A90539CF2948)]
    [InlineData(2367, 0xCB37AEB9E5D361ED)]
    public void The_hash_is_XXH3_on_every_machine(int length, ulong expected)
    {
        var (bytes, generator) = (new byte[length], 2654435761UL);
        for (var i = 0; i < length; i++, generator *= 11400714785074694797UL)
            bytes[i] = (byte)(generator >> 56);

        Hash(bytes).ShouldBe(length == 0 ? expected : StateHash.OfBlocks([expected]));
    }

    [Fact]
    public void Tensors_have_the_hash_of_the_host_memory_that_holds_their_bytes()
    {
        using var scope = NewDisposeScope();
        var (w, m, v) = (randn(5000), randn(5000), randn(5000));
        using var buffers = new Buffers(5000 * sizeof(float));
        w.CopyTo(buffers.W);
        m.CopyTo(buffers.M);
        v.CopyTo(buffers.V);
        StateHash.Of(w, m, v).ShouldBe(StateHash.Of(buffers.W, buffers.M, buffers.V));
        StateHash.Of(w, v, m).ShouldNotBe(StateHash.Of(w, m, v));
    }

    private static ulong Hash(ReadOnlySpan<byte> bytes)
    {
        using var buffer = new HostBuffer(bytes.Length);
        bytes.CopyTo(buffer.Slice(0, bytes.Length));
        return StateHash.Of(buffer);
    }

    private sealed class Buffers(long length) : IDisposable
    {
        public HostBuffer W { get; } = new(length);

        public HostBuffer M { get; } = new(length);

        public HostBuffer V { get; } = new(length);

        public void Dispose()
        {
            W.Dispose();
            M.Dispose();
            V.Dispose();
        }
    }
}
