using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Platform.Torch.Tests;

public sealed class TensorTests
{
    [Fact]
    public void Arithmetic_broadcasts_and_mixes_scalars()
    {
        using var scope = NewDisposeScope();
        var a = tensor(new float[,] { { 1, 2, 3 }, { 4, 5, 6 } });
        var row = tensor(new float[] { 10, 20, 30 });
        (a + row).data<float>().ToArray().ShouldBe([11, 22, 33, 14, 25, 36]);
        (a - 1).data<float>().ToArray().ShouldBe([0, 1, 2, 3, 4, 5]);
        (1 - a).data<float>().ToArray().ShouldBe([0, -1, -2, -3, -4, -5]);
        (12 / a).data<float>().ToArray().ShouldBe([12, 6, 4, 3, 2.4f, 2], 1e-6);
        (2.5 * a).data<float>().ToArray().ShouldBe([2.5f, 5, 7.5f, 10, 12.5f, 15]);
        (-a).sum().ToSingle().ShouldBe(-21);
        (a > 3).data<bool>().ToArray().ShouldBe([false, false, false, true, true, true]);
        (3 > a).data<bool>().ToArray().ShouldBe([true, true, false, false, false, false]);
    }

    [Fact]
    public void Elementary_functions_match_the_framework()
    {
        using var scope = NewDisposeScope();
        double[] x = [0.25, 0.5, 1.5, 3];
        var t = tensor(x);
        (Func<Tensor, Tensor> Torch, Func<double, double> Own)[] pairs =
        [
            (v => v.exp(), Math.Exp), (v => v.log(), Math.Log), (v => v.sqrt(), Math.Sqrt), (v => v.rsqrt(), v => 1 / Math.Sqrt(v)),
            (v => v.sin(), Math.Sin), (v => v.cos(), Math.Cos), (v => v.tanh(), Math.Tanh), (v => v.sigmoid(), v => 1 / (1 + Math.Exp(-v))),
            (v => v.pow(3), v => v * v * v), (v => v.square(), v => v * v), (v => v.neg().abs(), v => v), (v => v.reciprocal(), v => 1 / v),
            (v => v.clamp(0.4, 2), v => Math.Clamp(v, 0.4, 2)), (v => nn.functional.silu(v), v => v / (1 + Math.Exp(-v))),
        ];
        foreach (var (torch, own) in pairs) torch(t).data<double>().ToArray().ShouldBe(x.Select(own).ToArray(), 1e-12);
    }

    [Fact]
    public void Reductions_know_dimensions()
    {
        using var scope = NewDisposeScope();
        var a = arange(24, dtype: ScalarType.Float32).view(2, 3, 4);
        a.sum().ToSingle().ShouldBe(276);
        a.sum(1).shape.ShouldBe([2, 4]);
        a.sum([0, 2], keepdim: true).data<float>().ToArray().ShouldBe([60, 92, 124]);
        a.mean([2]).data<float>().ToArray().ShouldBe([1.5f, 5.5f, 9.5f, 13.5f, 17.5f, 21.5f]);
        a.max().ToSingle().ShouldBe(23);
        var (values, indexes) = a.max(1);
        values.data<float>().ToArray().ShouldBe([8, 9, 10, 11, 20, 21, 22, 23]);
        indexes.data<long>().ToArray().ShouldAllBe(index => index == 2);
        a.argmax().ToInt64().ShouldBe(23);
        a.amax([0, 1]).data<float>().ToArray().ShouldBe([20, 21, 22, 23]);
        tensor(new float[] { 1, 2, 3, 4 }).var().ToSingle().ShouldBe(5f / 3, 1e-6f);
        tensor(new float[] { 1, 2, 3, 4 }).var(false).ToSingle().ShouldBe(1.25f, 1e-6f);
        tensor(new float[] { 3, 4 }).norm().ToSingle().ShouldBe(5);
        tensor(new[] { true, false }).any().ToBoolean().ShouldBeTrue();
        tensor(new[] { true, false }).all().ToBoolean().ShouldBeFalse();
        tensor(new[] { 1f, float.NaN, float.PositiveInfinity }).isfinite().data<bool>().ToArray().ShouldBe([true, false, false]);
    }

    [Fact]
    public void Views_share_memory_and_copies_do_not()
    {
        using var scope = NewDisposeScope();
        var flat = zeros(12);
        var view = flat.narrow(0, 4, 4).view(2, 2);
        view.fill_(7);
        flat.data<float>().ToArray().ShouldBe([0, 0, 0, 0, 7, 7, 7, 7, 0, 0, 0, 0]);
        view.t().mul_(2);
        flat.sum().ToSingle().ShouldBe(56);
        var copy = view.clone();
        copy.zero_();
        flat.sum().ToSingle().ShouldBe(56);
        flat.bytes[0] = 0;
        MemoryMarshal.Cast<byte, float>(flat.bytes)[1] = 5;
        flat[1].ToSingle().ShouldBe(5);
        view.data<float>()[0, 1] = -1;
        flat[5].ToSingle().ShouldBe(-1);
        view.t().data<float>().ToArray().ShouldBe([14, 14, -1, 14]);
    }

    [Fact]
    public void In_place_operations_return_the_tensor_itself()
    {
        using var scope = NewDisposeScope();
        var a = tensor(new float[] { 1, 4, 9 });
        a.sqrt_().ShouldBeSameAs(a);
        a.addcmul_(a, a, 0.5).addcdiv_(ones(3), full([3], 2.0), 2).lerp_(zeros(3), 0.5);
        a.data<float>().ToArray().ShouldBe([1.25f, 2.5f, 4.25f], 1e-6);
        a.masked_fill_(a > 2, -1).data<float>().ToArray().ShouldBe([1.25f, -1, -1], 1e-6);
        a.index_add_(0, tensor(new long[] { 0, 0 }), tensor(new float[] { 1, 2 }), 1).data<float>().ToArray().ShouldBe([4.25f, -1, -1], 1e-6);
        a.copy_(tensor(new double[] { 1, 2, 3 })).data<float>().ToArray().ShouldBe([1, 2, 3]);
        var other = empty(0);
        other.set_(a);
        other.zero_();
        a.sum().ToSingle().ShouldBe(0);
    }

    [Fact]
    public void Index_expressions_pick_and_place()
    {
        using var scope = NewDisposeScope();
        var a = arange(24, dtype: ScalarType.Int64).view(2, 3, 4);
        a[1, 2, 3].ToInt64().ShouldBe(23);
        a[0].shape.ShouldBe([3, 4]);
        a[TensorIndex.Ellipsis, 0].data<long>().ToArray().ShouldBe([0, 4, 8, 12, 16, 20]);
        a[TensorIndex.Colon, 1..3, TensorIndex.Slice(0, null, 2)].data<long>().ToArray().ShouldBe([4, 6, 8, 10, 16, 18, 20, 22]);
        a[^1, ^1, ^1].ToInt64().ShouldBe(23);
        a[TensorIndex.None, 0].shape.ShouldBe([1, 3, 4]);
        a[TensorIndex.Tensor(tensor(new long[] { 1, 0 })), 0, 0].data<long>().ToArray().ShouldBe([12, 0]);
        a[0, 0] = tensor(new long[] { 9, 9, 9, 9 });
        a[0, 0].sum().ToInt64().ShouldBe(36);
        a.gather(2, zeros([2, 3, 1], ScalarType.Int64)).data<long>().ToArray().ShouldBe([9, 4, 8, 12, 16, 20]);
        a.index_select(1, tensor(new long[] { 2 })).shape.ShouldBe([2, 1, 4]);
    }

    [Fact]
    public void Joins_and_splits_are_inverse()
    {
        using var scope = NewDisposeScope();
        var a = arange(12, dtype: ScalarType.Float32).view(3, 4);
        cat(a.split(3, 1), 1).equal(a).ShouldBeTrue();
        cat(a.split([1, 3], 1), 1).equal(a).ShouldBeTrue();
        cat(a.chunk(2, 0), 0).equal(a).ShouldBeTrue();
        stack(a.unbind(1), 1).equal(a).ShouldBeTrue();
        a.split(3, 1)[1].shape.ShouldBe([3, 1]);
        a.repeat_interleave(2, 0).shape.ShouldBe([6, 4]);
        a.permute(1, 0).is_contiguous().ShouldBeFalse();
        a.permute(1, 0).contiguous().is_contiguous().ShouldBeTrue();
        a.unsqueeze(1).expand(3, 2, 4).shape.ShouldBe([3, 2, 4]);
    }

    [Fact]
    public void Orders_and_draws()
    {
        using var scope = NewDisposeScope();
        var a = tensor(new float[] { 3, 1, 2 });
        var (values, places) = a.topk(2);
        values.data<float>().ToArray().ShouldBe([3, 2]);
        places.data<long>().ToArray().ShouldBe([0, 2]);
        a.sort().Indices.data<long>().ToArray().ShouldBe([1, 2, 0]);
        a.cumsum(0).data<float>().ToArray().ShouldBe([3, 4, 6]);
        var certain = tensor(new float[] { 0, 0, 1, 0 });
        certain.multinomial(5, true).data<long>().ToArray().ShouldAllBe(drawn => drawn == 2);
    }

    [Theory]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.Int64)]
    [InlineData(ScalarType.Int32)]
    [InlineData(ScalarType.Int16)]
    [InlineData(ScalarType.Int8)]
    [InlineData(ScalarType.Byte)]
    public void Conversions_keep_small_numbers(ScalarType type)
    {
        using var scope = NewDisposeScope();
        var converted = tensor(new long[] { 1, 2, 100 }).to(type);
        converted.dtype.ShouldBe(type);
        converted.ElementSize.ShouldBe(type.ElementSize());
        converted.to(ScalarType.Int64).data<long>().ToArray().ShouldBe([1, 2, 100]);
    }

    [Fact]
    public void Bfloat16_rounds_as_libtorch_does()
    {
        using var scope = NewDisposeScope();
        var wide = randn([1000], generator: new Generator(3));
        var narrow = wide.to(ScalarType.BFloat16).data<BFloat16>().ToArray();
        narrow.ShouldBe(wide.data<float>().ToArray().Select(value => (BFloat16)value).ToArray());
    }

    [Fact]
    public void A_buffer_is_shared_with_its_tensor()
    {
        float[] numbers = [1, 2, 3, 4];
        using var shared = frombuffer(numbers, ScalarType.Float32, offset: 4);
        shared.fill_(9);
        numbers.ShouldBe([1, 9, 9, 9]);
        Should.Throw<ArgumentOutOfRangeException>(() => frombuffer(numbers, ScalarType.Float32, count: 5));
    }

    [Fact]
    public void Generators_repeat_by_seed_and_are_independent()
    {
        using var scope = NewDisposeScope();
        using var first = new Generator(7);
        using var second = new Generator(7);
        var a = randn([50], generator: first);
        randn([5]).Dispose();
        randn([50], generator: second).equal(a).ShouldBeTrue();
        randn([50], generator: second).equal(a).ShouldBeFalse();
        first.manual_seed(7);
        empty(50).normal_(generator: first).equal(a).ShouldBeTrue();
        using var state = first.get_state();
        var next = rand([3], generator: first);
        first.set_state(state);
        rand([3], generator: first).equal(next).ShouldBeTrue();
        torch.random.manual_seed(11);
        var process = rand(4);
        torch.manual_seed(11);
        rand(4).equal(process).ShouldBeTrue();
    }

    [Fact]
    public void Errors_are_external_exceptions_that_name_both_shapes()
    {
        using var scope = NewDisposeScope();
        var failure = Should.Throw<ExternalException>(() => ones([2, 3]).matmul(ones([4, 5])));
        failure.Message.ShouldContain("[2, 3]");
        failure.Message.ShouldContain("[4, 5]");
        failure.Message.ShouldNotContain("frame #");
        failure = Should.Throw<ExternalException>(() => ones([2, 3]) + ones([4]));
        failure.Message.ShouldContain("[2, 3]");
        failure.Message.ShouldContain("[4]");
        failure = Should.Throw<ExternalException>(() => ones([2, 3]).add_(ones([2, 4])));
        failure.Message.ShouldContain("[2, 4]");
        Should.Throw<ExternalException>(() => ones([2, 3]).view(4)).Message.ShouldContain("size 6");
        (ones(2) + 1).sum().ToSingle().ShouldBe(4);
    }

    [Fact]
    public void Misuse_is_refused_before_native_code()
    {
        var gone = ones(2);
        gone.Dispose();
        gone.Dispose();
        gone.IsInvalid.ShouldBeTrue();
        Should.Throw<InvalidOperationException>(() => gone.sum());
        using var here = ones([2, 3]);
        Should.Throw<ExternalException>(() => here.add((Tensor)null!));
        Should.Throw<ArgumentException>(() => here.item<int>());
        Should.Throw<ExternalException>(() => here.ToSingle());
        Should.Throw<NotImplementedException>(() => here.t().bytes.Length);
        Should.Throw<ArgumentException>(() => tensor(new float[] { 1, 2 }, [3]));
        Should.Throw<IndexOutOfRangeException>(() => here.data<float>()[2, 0]);
    }

    [Fact]
    public void A_tensor_tells_what_it_is()
    {
        using var a = tensor(new float[,] { { 1, 2.5f } });
        a.ToString().ShouldBe("[1x2], type = Float32, device = cpu");
        a.ToString(TensorStringStyle.Numpy).ShouldBe("[[1, 2.5]]");
        a.device.ShouldBe(CPU);
        a.size(-1).ShouldBe(2);
        Should.Throw<ArgumentOutOfRangeException>(() => a.size(2));
        torch.device("cuda:1").index.ShouldBe(1);
        Should.Throw<ArgumentException>(() => torch.device("gpu"));
    }
}
