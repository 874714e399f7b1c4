using ActorTrain.Models.Kernels;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Options;
using ActorTrain.Models.Steps;
using ActorTrain.Models.Storage;
using static TorchSharp.torch;

namespace ActorTrain.Models.Tests.Storage;

public sealed class StorageTests
{
    private static readonly ModelOptions Small =
        ModelOptions.FromDepth(1) with { ContextLength = 4, VocabularySize = 7, Width = 10, Heads = 2, KeyValueHeads = 2, MlpWidth = 12 };

    [Fact]
    public void Parameters_stand_in_order_aligned_to_64_bytes_and_do_not_overlap()
    {
        var layout = ModelLayout.Of(Small);
        long end = 0;
        foreach (var entry in layout.Entries)
        {
            entry.Offset.ShouldBeGreaterThanOrEqualTo(end, entry.Name);
            (entry.Offset - end).ShouldBeLessThan(16);
            (entry.Offset % 16).ShouldBe(0);
            end = entry.Offset + entry.Count;
        }

        layout.Length.ShouldBeInRange(end, end + 15);
        layout.ParameterCount.ShouldBe(layout.Entries.Sum(static entry => entry.Count));
    }

    [Theory]
    [InlineData(ModelFamily.Gpt2)]
    [InlineData(ModelFamily.Llama)]
    public void Whatever_is_computed_with_begins_at_a_multiple_of_64_bytes(ModelFamily family)
    {
        using var replica =
            new Replica(new ReplicaOptions { Model = Small with { Family = family }, Schedule = new LearningRateSchedule(1, 1, 1) });
        using var rotary = new RotaryTable(4, 10, 10_000);
        using var scope = NewDisposeScope();
        var (parameters, rented) = (replica.Parameters, replica.RentGradient());
        parameters.ClearGradients(byOverwriting: false);
        var slots = parameters.Layout.Entries.Select(entry => parameters[entry.Name]);
        Tensor[] all =
        [
            .. slots.SelectMany(static slot => new[] { slot.Parameter, slot.Gradient }), replica.FirstMoment, replica.SecondMoment, rented,
                rotary.Cos, rotary.Sin,
            .. Enumerable.Range(1, 100).Select(static size => empty(37 * size)),
        ];
        all.Select(static tensor => (long)tensor.Address() % 64).ShouldAllBe(static beyond => beyond == 0);
        replica.ReturnGradient(rented);
    }

    [Fact]
    public void Only_matrices_decay() =>
        ModelLayout.Of(Small).Entries.Where(static entry => entry.Decays).ShouldAllBe(static entry => entry.Shape.Count == 2);

    [Fact]
    public void A_parameter_is_a_view_what_is_written_into_it_stands_in_the_flat_vector_and_the_other_way_round()
    {
        using var scope = NewDisposeScope();
        using var parameters = new FlatParameters(ModelLayout.Of(Small));
        var slot = parameters["blocks.0.mlp.up.weight"];
        using (no_grad())
        {
            slot.Parameter.fill_(3);
            parameters.Weights.narrow(0, slot.Entry.Offset, slot.Entry.Count).sum().item<float>().ShouldBe(3 * slot.Entry.Count);
            parameters.Weights.fill_(2);
            slot.Parameter.sum().item<float>().ShouldBe(2 * slot.Entry.Count);
        }
    }

    [Fact]
    public void First_weights_are_a_function_of_the_seed_with_the_deviations_of_gpt2()
    {
        var options = ModelOptions.FromDepth(4) with { ContextLength = 64, VocabularySize = 512 };
        using var scope = NewDisposeScope();
        using var first = Initialized(options, 1);
        using var same = Initialized(options, 1);
        using var other = Initialized(options, 2);
        first.Weights.bytes.SequenceEqual(same.Weights.bytes).ShouldBeTrue();
        first.Weights.bytes.SequenceEqual(other.Weights.bytes).ShouldBeFalse();

        Deviation(first["tokens.weight"]).ShouldBe(0.02, 0.0003);
        Deviation(first["blocks.2.attention.qkv.weight"]).ShouldBe(0.02, 0.0003);
        Deviation(first["blocks.2.mlp.down.weight"]).ShouldBe(0.02 / Math.Sqrt(8), 0.0002);
        first["blocks.1.mlp.norm.weight"].Parameter.min().item<float>().ShouldBe(1);
        first["blocks.1.mlp.up.bias"].Parameter.abs().max().item<float>().ShouldBe(0);

        static double Deviation(ParameterSlot slot) => slot.Parameter.detach().square().mean().sqrt().item<float>();
    }

    [Fact]
    public void A_snapshot_comes_back_bit_for_bit()
    {
        using var scope = NewDisposeScope();
        using var parameters = Initialized(Small, 3);
        using var buffer = new HostBuffer(parameters.Layout.Length * sizeof(float));
        parameters.Weights.CopyTo(buffer);
        var before = parameters.Weights.clone();
        parameters.Weights.fill_(0);
        parameters.Weights.CopyFrom(buffer);
        parameters.Weights.bytes.SequenceEqual(before.bytes).ShouldBeTrue();
        using var tooSmall = new HostBuffer(8);
        Should.Throw<ArgumentException>(() => parameters.Weights.CopyTo(tooSmall));
    }

    [Theory]
    [InlineData(ModelFamily.Gpt2, 12, 768, 3072)]
    [InlineData(ModelFamily.Llama, 12, 768, 2048)]
    public void Depth_sets_a_whole_model(ModelFamily family, int depth, int width, int mlpWidth)
    {
        var options = ModelOptions.FromDepth(depth, family);
        (options.Width, options.MlpWidth, options.HeadWidth).ShouldBe((width, mlpWidth, 64));
        options.Problems().ShouldBeEmpty();
    }

    [Fact]
    public void Depth_twelve_with_the_published_vocabulary_is_the_published_size() =>
        ModelLayout.Of(ModelOptions.FromDepth(12) with { ContextLength = 1024, VocabularySize = 50257 })
            .ParameterCount.ShouldBe(124_439_808);

    [Theory]
    [InlineData("Width 10 is not a multiple")]
    [InlineData("KeyValueHeads is 1, but GPT-2")]
    public void A_shape_that_makes_no_model_is_told_in_a_sentence(string part) =>
        string.Join(" ", (Small with { Width = 10, Heads = 3, KeyValueHeads = 1 }).Problems()).ShouldContain(part);

    private static FlatParameters Initialized(ModelOptions options, ulong seed)
    {
        var parameters = new FlatParameters(ModelLayout.Of(options));
        Initialization.Initialize(parameters, options, seed);
        return parameters;
    }
}
