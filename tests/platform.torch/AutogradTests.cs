using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Platform.Torch.Tests;

public sealed class AutogradTests
{
    /// <summary>The largest difference between the gradient and central differences, over the input's elements.</summary>
    internal static double DifferenceError(Func<Tensor, Tensor> f, Tensor at, double step = 1e-5)
    {
        using var scope = NewDisposeScope();
        var x = at.clone().requires_grad_();
        f(x).sum().backward();
        var exact = x.grad!.flatten().data<double>().ToArray();
        using var mode = no_grad();
        var error = 0.0;
        var flat = x.view(-1);
        for (var i = 0; i < exact.Length; i++)
        {
            using var inner = NewDisposeScope();
            flat.data<double>()[i] += step;
            var above = f(x).sum().ToDouble();
            flat.data<double>()[i] -= 2 * step;
            var below = f(x).sum().ToDouble();
            flat.data<double>()[i] += step;
            error = Math.Max(error, Math.Abs(((above - below) / (2 * step)) - exact[i]));
        }

        return error;
    }

    [Fact]
    public void Gradients_agree_with_finite_differences()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        var x = randn([3, 4], ScalarType.Float64, generator: generator);
        var w = randn([5, 4], ScalarType.Float64, generator: generator);
        var b = randn([5], ScalarType.Float64, generator: generator);
        var g = randn([4], ScalarType.Float64, generator: generator);
        var target = tensor(new long[] { 0, 3, 1 });
        Func<Tensor, Tensor>[] functions =
        [
            t => nn.functional.linear(t, w, b).tanh(),
            t => nn.functional.layer_norm(t, [4], g, g) * t,
            t => nn.functional.gelu(t),
            t => nn.functional.gelu(t, TorchSharp.Modules.GELU.Approximate.tanh),
            t => nn.functional.silu(t).pow(2),
            t => nn.functional.softmax(t, -1) * g,
            t => nn.functional.cross_entropy(t, target),
            t => t[1..3, TensorIndex.Ellipsis].exp().index_select(1, tensor(new long[] { 0, 0, 2 })),
        ];
        for (var i = 0; i < functions.Length; i++) DifferenceError(functions[i], x).ShouldBeLessThan(1e-7, $"function {i}");
    }

    [Fact]
    public void Gradients_have_their_closed_forms_and_accumulate()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new float[] { 1, 2, 3 }, requires_grad: true);
        x.grad.ShouldBeNull();
        (x * x).sum().backward();
        (x * x).sum().backward();
        x.grad!.data<float>().ToArray().ShouldBe([4, 8, 12]);
        x.grad = null;
        x.grad.ShouldBeNull();
        x.grad = ones(3);
        x.grad!.sum().ToSingle().ShouldBe(3);
        var y = x * 2;
        y.is_leaf.ShouldBeFalse();
        y.retain_grad();
        y.sum().backward();
        y.grad!.data<float>().ToArray().ShouldBe([1, 1, 1]);
    }

    [Fact]
    public void Grad_returns_derivatives_of_derivatives()
    {
        using var scope = NewDisposeScope();
        var x = tensor(3.0, requires_grad: true);
        var first = autograd.grad([x * x * x], [x], create_graph: true)[0];
        first.ToDouble().ShouldBe(27);
        autograd.grad([first], [x])[0].ToDouble().ShouldBe(18);
        var apart = tensor(1.0, requires_grad: true);
        autograd.grad([x * 2], [apart], allow_unused: true)[0].ShouldBeNull();
    }

    [Fact]
    public void Modes_switch_recording_off_and_back()
    {
        using var scope = NewDisposeScope();
        var x = ones([2], requires_grad: true);
        is_grad_enabled().ShouldBeTrue();
        using (no_grad())
        {
            is_grad_enabled().ShouldBeFalse();
            (x * 2).requires_grad.ShouldBeFalse();
            using (enable_grad()) (x * 2).requires_grad.ShouldBeTrue();
            x.add_(1);
        }

        is_grad_enabled().ShouldBeTrue();
        Should.Throw<System.Runtime.InteropServices.ExternalException>(() => x.add_(1));
        using (inference_mode()) (x * 2).requires_grad.ShouldBeFalse();
        (x * 2).requires_grad.ShouldBeTrue();
    }

    // ---- functions of managed code ----

    private sealed class ScaledSquare : autograd.SingleTensorFunction<ScaledSquare>
    {
        public override string Name => nameof(ScaledSquare);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var x = (Tensor)vars[0];
            ctx.save_for_backward([x]);
            ctx.save_data("scale", vars[1]);
            return x * x * (double)vars[1];
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            var x = ctx.get_saved_variables()[0];
            return [grad_output * x * (2 * (double)ctx.get_data("scale")!), null!];
        }
    }

    private sealed class SumAndDifference : autograd.MultiTensorFunction<SumAndDifference>
    {
        public static readonly List<bool> Seen = [];

        public override string Name => nameof(SumAndDifference);

        public override List<Tensor> forward(autograd.AutogradContext ctx, params object[] vars)
        {
            ctx.set_materialize_grads((bool)vars[2]);
            return [(Tensor)vars[0] + (Tensor)vars[1], (Tensor)vars[0] - (Tensor)vars[1]];
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, List<Tensor> grad_outputs)
        {
            Seen.Add(grad_outputs[1] is not null);
            var difference = grad_outputs[1] ?? zeros_like(grad_outputs[0]);
            return [grad_outputs[0] + difference, null!, null!];
        }
    }

    private sealed class Broken : autograd.SingleTensorFunction<Broken>
    {
        public override string Name => nameof(Broken);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars) =>
            vars.Length > 1 ? throw new FormatException("forward broke") : ((Tensor)vars[0]).clone();

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => throw new TimeoutException("backward broke");
    }

    private sealed class Doubled : autograd.SingleTensorFunction<Doubled>
    {
        public override string Name => nameof(Doubled);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var x = (Tensor)vars[0];
            ctx.mark_dirty([x]);
            return x.mul_(2);
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => [grad_output * 2];
    }

    private sealed class Nested : autograd.SingleTensorFunction<Nested>
    {
        public override string Name => nameof(Nested);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            ctx.save_for_backward([(Tensor)vars[0]]);
            return ScaledSquare.apply(vars[0], 1.0).sin();
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            using var mode = enable_grad();
            var x = ctx.get_saved_variables()[0].detach().requires_grad_();
            ScaledSquare.apply(x, 1.0).sin().backward([grad_output]);
            return [x.grad!];
        }
    }

    private sealed class ArgumentMaximum : autograd.MultiTensorFunction<ArgumentMaximum>
    {
        public override string Name => nameof(ArgumentMaximum);

        public override List<Tensor> forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var index = ((Tensor)vars[0]) * 0;
            ctx.mark_non_differentiable([index]);
            return [((Tensor)vars[0]) * 3, index];
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, List<Tensor> grad_outputs) => [grad_outputs[0] * 3];
    }

    [Fact]
    public void A_managed_function_has_its_gradient()
    {
        using var scope = NewDisposeScope();
        var x = randn([4], ScalarType.Float64, generator: new Generator(1));
        DifferenceError(t => ScaledSquare.apply(t, 1.5) * t, x).ShouldBeLessThan(1e-7);
        DifferenceError(t => Nested.apply(t * 2), x).ShouldBeLessThan(1e-7);
        using (no_grad()) ScaledSquare.apply(x, 1.0).requires_grad.ShouldBeFalse();
    }

    [Fact]
    public void Null_gradients_and_unreached_outputs_are_accepted()
    {
        using var scope = NewDisposeScope();
        SumAndDifference.Seen.Clear();
        var a = ones([2], requires_grad: true);
        var b = ones([2], requires_grad: true);
        SumAndDifference.apply(a, b, true)[0].sum().backward();
        SumAndDifference.apply(a, b, false)[0].sum().backward();
        SumAndDifference.Seen.ShouldBe([true, false]);
        a.grad!.data<float>().ToArray().ShouldBe([2, 2]);
        b.grad.ShouldBeNull();
        var outputs = ArgumentMaximum.apply(a);
        outputs[0].requires_grad.ShouldBeTrue();
        outputs[1].requires_grad.ShouldBeFalse();
    }

    [Fact]
    public void Exceptions_travel_through_the_engine()
    {
        using var scope = NewDisposeScope();
        var x = ones([2], requires_grad: true);
        Should.Throw<FormatException>(() => Broken.apply(x, 1)).Message.ShouldBe("forward broke");
        var y = (Broken.apply(x * 2) * 2).sum();
        var failure = Should.Throw<TimeoutException>(() => y.backward());
        failure.Message.ShouldBe("backward broke");
        failure.StackTrace!.ShouldContain(nameof(Broken));
        (x * 2).sum().backward();
        x.grad!.sum().ToSingle().ShouldBe(4);
    }

    [Fact]
    public void A_function_may_write_into_its_input()
    {
        using var scope = NewDisposeScope();
        var x = ones([2], requires_grad: true);
        var y = x * 3;
        Doubled.apply(y).sum().backward();
        x.grad!.data<float>().ToArray().ShouldBe([6, 6]);
        var kept = x * 1;
        var squares = ScaledSquare.apply(kept, 1.0);
        kept.mul_(2);
        Should.Throw<System.Runtime.InteropServices.ExternalException>(() => squares.sum().backward());
    }
}
