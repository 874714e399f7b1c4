using ActorTrain.Models.Kernels;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Storage;
using static TorchSharp.torch;

namespace ActorTrain.Models.Tests.Optimization;

public sealed class TensorNormsTests
{
    // 3.2 million parameters: tensors over several blocks, and blocks with several tensors.
    private static readonly FlatLayout Layout = ModelLayout.Of(ModelOptions.FromDepth(4) with { ContextLength = 64, VocabularySize = 512 });

    [Fact]
    public void Norms_of_tensors_embedding_and_blocks_are_those_of_their_elements()
    {
        using var scope = NewDisposeScope();
        var gradient = Gradient();
        var norms = new TensorNorms(Layout);
        var found = norms.Of(Cells(norms, gradient, [Layout.Length]));
        double Squares(Func<string, bool> chosen) => Layout.Entries.Where(entry => chosen(entry.Name))
            .Sum(entry => gradient.narrow(0, entry.Offset, entry.Count).to(ScalarType.Float64).square().sum().item<double>());

        found.Tensors.Count.ShouldBe(Layout.Entries.Count);
        for (var i = 0; i < found.Tensors.Count; i++)
            Close(found.Tensors[i], Squares(name => name == Layout.Entries[i].Name));
        Close(found.Embedding, Squares(static name => name is "tokens.weight" or "positions.weight"));
        found.Blocks.Count.ShouldBe(4);
        for (var i = 0; i < 4; i++)
            Close(found.Blocks[i], Squares(name => name.StartsWith($"blocks.{i}.", StringComparison.Ordinal)));

        static void Close(double norm, double squares) => norm.ShouldBe(Math.Sqrt(squares), 1e-12 * Math.Sqrt(squares));
    }

    [Fact]
    public void The_bits_do_not_depend_on_the_shards_and_the_global_norm_is_as_it_was()
    {
        using var scope = NewDisposeScope();
        var gradient = Gradient();
        var norms = new TensorNorms(Layout);
        var whole = Cells(norms, gradient, [Layout.Length]);
        whole.Length.ShouldBe(norms.Cells);
        var blocks = FlatSums.BlocksOf(Layout.Length);
        for (var cut = 1; cut < blocks; cut++)
            Cells(norms, gradient, [cut * FlatSums.Block, Layout.Length]).ShouldBe(whole);
        Math.Sqrt(whole.Sum()).ShouldBe(GradientNorm.Of(gradient), 1e-12 * GradientNorm.Of(gradient));

        var squares = new double[blocks];
        FlatSums.Measure(
            Layout.Length, gradient.Address(),
                new SumReport { Squares = squares, CellEnds = norms.CellEnds(0, Layout.Length), CellSquares = new double[norms.Cells] });
        GradientNorm.OfSquares(squares).ShouldBe(GradientNorm.Of(gradient));
    }

    [Fact]
    public void In_one_piece_it_has_the_norms_of_its_shards_to_the_last_bit()
    {
        using var scope = NewDisposeScope();
        var gradient = Gradient();
        var norms = new TensorNorms(Layout);
        var (norm, parts) = norms.Measure(gradient);
        norm.ShouldBe(GradientNorm.Of(gradient));
        parts.ShouldBe(norms.Of(Cells(norms, gradient, [FlatSums.Block, Layout.Length])));
        parts.ShouldNotBe(parts with { Embedding = parts.Embedding + 1 });
        parts.ShouldNotBe(parts with { Blocks = [.. parts.Blocks.Reverse()] });
        Should.Throw<ArgumentException>(() => norms.Measure(zeros(Layout.Length - 1)));
    }

    [Fact]
    public void Elements_that_are_not_finite_are_counted()
    {
        using var scope = NewDisposeScope();
        var gradient = Gradient();
        FlatSums.CountNonFinite(gradient.numel(), gradient.Address()).ShouldBe(0);
        foreach (var (at, value) in new[] { (5, float.NaN), (70_000, float.PositiveInfinity), (70_001, float.NegativeInfinity) })
            gradient.narrow(0, at, 1).fill_(value);
        FlatSums.CountNonFinite(gradient.numel(), gradient.Address()).ShouldBe(3);
    }

    private static Tensor Gradient()
    {
        var gradient = zeros(Layout.Length);
        foreach (var entry in Layout.Entries)
            gradient.narrow(0, entry.Offset, entry.Count).normal_(0, 1 + entry.Offset % 7);
        return gradient;
    }

    private static double[] Cells(TensorNorms norms, Tensor gradient, long[] ends)
    {
        var all = new List<double>();
        long first = 0;
        foreach (var end in ends)
        {
            var cellEnds = norms.CellEnds(first, end - first);
            var squares = new double[cellEnds.Length];
            FlatSums.Measure(end - first, gradient.Address() + (nint)(first * sizeof(float)),
                new SumReport { CellEnds = cellEnds, CellSquares = squares });
            all.AddRange(squares);
            first = end;
        }

        return [.. all];
    }
}
