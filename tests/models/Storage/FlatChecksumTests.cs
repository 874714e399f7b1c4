using ActorTrain.Chaos;
using ActorTrain.Models.Kernels;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Storage;
using static TorchSharp.torch;

namespace ActorTrain.Models.Tests.Storage;

public sealed class FlatChecksumTests
{
    private const long Block = FlatSums.Block;

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(64)]
    [InlineData(100_001)]
    [InlineData((int)Block)]
    [InlineData(2 * (int)Block + 12_345)]
    public void Kernels_composed_form_and_tensor_operations_give_one_value(int length)
    {
        using var scope = NewDisposeScope();
        var vector = randn(length);
        var blocks = FlatSums.BlocksOf(length);
        var (one, all, reference, tensors) = (new ulong[blocks], new ulong[blocks], new ulong[blocks], new ulong[blocks]);
        FlatChecksum.Of(length, vector.Address(), one, parallel: false);
        FlatChecksum.Of(length, vector.Address(), all, parallel: true);
        FlatChecksum.Reference(length, vector.Address(), reference);
        FlatChecksum.OnDevice(vector, tensors);
        all.ShouldBe(one);
        reference.ShouldBe(one);
        tensors.ShouldBe(one);
        FlatChecksum.Of(vector).Blocks.ToArray().ShouldBe(one);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Tensor_operations_give_the_value_of_words_of_every_kind(bool finite)
    {
        using var scope = NewDisposeScope();
        var random = new Random(1);
        var values = Enumerable.Range(0, 6 * (int)Block + 99)
            .Select(_ => BitConverter.Int32BitsToSingle(unchecked((int)random.NextInt64(1L << 32)))).ToArray();
        if (finite)
        {
            for (var i = 0; i < values.Length; i++)
                values[i] = float.IsFinite(values[i]) ? values[i] : 0;
        }

        float[] special = [0, -0f, float.Epsilon, -float.Epsilon, 1.17549421e-38f, 1.17549435e-38f, -1.17549435e-38f, float.MaxValue,
            float.MinValue, 1, 0.99999994f, -2];
        special.CopyTo(values, 1000);
        var vector = tensor(values);
        var (kernels, tensors) = (FlatChecksum.Of(vector).Blocks.ToArray(), new ulong[7]);
        FlatChecksum.OnDevice(vector, tensors);
        tensors.ShouldBe(kernels);
    }

    [Fact]
    public void The_value_is_the_same_on_every_machine()
    {
        using var scope = NewDisposeScope();
        var vector = arange(0, 5000, dtype: float32);
        FlatChecksum.Of(vector).Hash.ShouldBe(0xC76093A3C63F9183UL);
        FlatChecksum.OfZeros(3 * Block).Blocks.ToArray().ShouldBe(FlatChecksum.Of(zeros(3 * Block)).Blocks.ToArray());
    }

    [Fact]
    public void Every_bit_of_a_word_and_random_bits_of_a_long_vector_show_in_their_block_alone()
    {
        using var scope = NewDisposeScope();
        var random = new Random(1);
        var vector = randn(2 * Block + 1000);
        var before = FlatChecksum.Of(vector);
        for (var i = 0; i < 232; i++)
        {
            var bit = i < 32 ? 32 * (Block + 77) + i : random.NextInt64(32 * vector.numel());
            BitFlip.At(vector, bit);
            var changed = FlatChecksum.Of(vector).Blocks.ToArray().Zip(before.Blocks.ToArray(), static (a, b) => a != b).ToArray();
            changed.ShouldBe(Enumerable.Range(0, 3).Select(block => block == bit / 32 / Block), $"bit {bit}");
            FlatChecksum.Of(vector).Hash.ShouldNotBe(before.Hash);
            BitFlip.At(vector, bit);
        }

        FlatChecksum.Of(vector).Hash.ShouldBe(before.Hash);
    }

    [Fact]
    public void What_changed_is_told_in_a_sentence_with_its_place()
    {
        using var scope = NewDisposeScope();
        var vector = randn(Block + 100);
        var checksum = FlatChecksum.Of(vector);
        Should.NotThrow(() => checksum.Verify(vector, FlatPlace.Weights));
        BitFlip.At(vector, 32 * (Block + 3));
        var found = Should.Throw<CorruptionException>(() => checksum.Verify(vector, FlatPlace.LaneGradient, new LaneBlock(4, 2)));
        (found.Place, found.Block, found.Lanes).ShouldBe((FlatPlace.LaneGradient, 1, new LaneBlock(4, 2)));
        found.Message.ShouldName("gradient of lanes {4-5}", "block 1", "element 1048576");

        // A range knows where in the vector it stands.
        var second = new ulong[1];
        FlatChecksum.Of(100, vector.Address() + (nint)(Block * sizeof(float)), second);
        Should.Throw<CorruptionException>(() => checksum.Verify(second, FlatPlace.TotalGradient, firstBlock: 1)).Block.ShouldBe(1);
    }

    [Fact]
    public void A_sum_tells_the_checksums_of_what_it_read_and_wrote_in_both_forms()
    {
        using var scope = NewDisposeScope();
        var (left, right, to) = (randn(Block + 5), randn(Block + 5), empty(Block + 5));
        var (ofLeft, ofRight, ofSum) = (new ulong[2], new ulong[2], new ulong[2]);
        FlatSums.Add(left.numel(), left.Address(), right.Address(), to.Address(),
            new SumReport { Left = ofLeft, Right = ofRight, Sum = ofSum });
        ofLeft.ShouldBe(FlatChecksum.Of(left).Blocks.ToArray());
        ofRight.ShouldBe(FlatChecksum.Of(right).Blocks.ToArray());
        ofSum.ShouldBe(FlatChecksum.Of(left + right).Blocks.ToArray());
        Should.Throw<ArgumentException>(
            () => FlatSums.Add(left.numel(), left.Address(), right.Address(), to.Address(), new SumReport { Left = new ulong[1] }));
    }
}
