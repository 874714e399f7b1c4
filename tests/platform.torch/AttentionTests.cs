using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace ActorTrain.Platform.Torch.Tests;

public sealed class AttentionTests
{
    private static Tensor Composed(Tensor q, Tensor k, Tensor v, Tensor? mask, bool causal)
    {
        var scores = q.matmul(k.transpose(-2, -1)) / Math.Sqrt(q.size(-1));
        if (causal) scores = scores.masked_fill(ones([q.size(-2), k.size(-2)], ScalarType.Bool).tril().logical_not(), double.NegativeInfinity);
        if (mask is not null) scores = mask.dtype == ScalarType.Bool ? scores.masked_fill(mask.logical_not(), double.NegativeInfinity) : scores + mask;
        return scores.softmax(-1).matmul(v);
    }

    public static TheoryData<long, long, bool, string> Cases => new()
    {
        { 5, 5, true, "" }, { 5, 9, false, "" }, { 3, 7, true, "" }, { 7, 3, false, "bool" }, { 6, 6, false, "float" },
        { 300, 300, true, "" }, { 300, 200, false, "bool" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Forward_and_backward_equal_the_composed_form(long rows, long columns, bool causal, string kind)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(9);
        Tensor Draw(params long[] shape) => randn(shape, ScalarType.Float64, generator: generator).requires_grad_();
        // Enough heads that 300 rows need more than one block.
        var heads = rows >= 300 ? 64 : 3;
        var (q, k, v) = (Draw(2, heads, rows, 8), Draw(2, heads, columns, 8), Draw(2, heads, columns, 6));
        Tensor? mask = kind switch
        {
            "bool" => rand([rows, columns], generator: generator).gt(0.3).logical_or(arange(columns).eq(0)),
            "float" => randn([heads, rows, columns], ScalarType.Float64, generator: generator),
            _ => null,
        };
        var weights = randn([2, heads, rows, 6], ScalarType.Float64, generator: generator);
        var fused = scaled_dot_product_attention(q, k, v, mask, is_casual: causal);
        var composed = Composed(q, k, v, mask, causal);
        fused.allclose(composed, 1e-10, 1e-12).ShouldBeTrue();
        var ours = autograd.grad([fused], [q, k, v], [weights]);
        var theirs = autograd.grad([composed], [q, k, v], [weights]);
        for (var i = 0; i < 3; i++) ours[i].allclose(theirs[i], 1e-9, 1e-11).ShouldBeTrue($"gradient {i}");
    }

    [Fact]
    public void Batch_dimensions_broadcast()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(2);
        var q = randn([2, 3, 4, 8], generator: generator).requires_grad_();
        var k = randn([3, 5, 8], generator: generator).requires_grad_();
        var v = randn([1, 1, 5, 8], generator: generator);
        var fused = scaled_dot_product_attention(q, k, v);
        fused.allclose(Composed(q, k, v, null, false), 1e-5, 1e-6).ShouldBeTrue();
        autograd.grad([fused.sum()], [k])[0].shape.ShouldBe([3, 5, 8]);
    }

    [Fact]
    public void A_mask_may_have_a_gradient()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(4);
        var q = randn([2, 4, 8], ScalarType.Float64, generator: generator);
        var mask = randn([4, 4], ScalarType.Float64, generator: generator);
        AutogradTests.DifferenceError(m => scaled_dot_product_attention(q, q, q, m), mask).ShouldBeLessThan(1e-7);
    }

    [Fact]
    public void Bfloat16_stays_near_float32()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(4);
        var q = randn([2, 4, 64, 16], generator: generator);
        var exact = scaled_dot_product_attention(q, q, q, is_casual: true);
        var half = q.to(ScalarType.BFloat16).requires_grad_();
        var near = scaled_dot_product_attention(half, half, half, is_casual: true);
        near.dtype.ShouldBe(ScalarType.BFloat16);
        (near.to(ScalarType.Float32) - exact).abs().max().ToSingle().ShouldBeLessThan(0.05f);
        near.sum().backward();
        half.grad!.dtype.ShouldBe(ScalarType.BFloat16);
        half.grad!.isfinite().all().ToBoolean().ShouldBeTrue();
    }

    [Fact]
    public void Dropout_is_the_same_draw_in_forward_and_backward()
    {
        using var scope = NewDisposeScope();
        var q = randn([1, 2, 40, 8], ScalarType.Float64, generator: new Generator(4));
        AutogradTests.DifferenceError(
            v =>
            {
                manual_seed(5).Dispose();
                return scaled_dot_product_attention(q, q, v, p: 0.4, is_casual: true);
            },
            q).ShouldBeLessThan(1e-7);
        AutogradTests.DifferenceError(
            k =>
            {
                manual_seed(5).Dispose();
                return scaled_dot_product_attention(q, k, q, p: 0.4);
            },
            q).ShouldBeLessThan(1e-7);
        manual_seed(5).Dispose();
        scaled_dot_product_attention(q, q, q, p: 0.4).allclose(scaled_dot_product_attention(q, q, q)).ShouldBeFalse();
    }

    [Fact]
    public void Wrong_arguments_are_refused()
    {
        using var scope = NewDisposeScope();
        var q = ones([1, 4, 8]);
        Should.Throw<ArgumentException>(() => scaled_dot_product_attention(q, q, q, ones([4, 4]), is_casual: true));
        Should.Throw<ArgumentException>(() => scaled_dot_product_attention(q, q, q, p: 2));
        Should.Throw<System.Runtime.InteropServices.ExternalException>(() => scaled_dot_product_attention(q, ones([1, 4, 7]), q)).Message.ShouldContain("[1, 4, 7]");
    }
}
