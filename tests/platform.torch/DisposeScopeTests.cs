using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Platform.Torch.Tests;

public sealed class DisposeScopeTests
{
    [Fact]
    public void A_scope_disposes_of_what_was_made_in_it()
    {
        Tensor inner, outer, kept;
        using (var first = NewDisposeScope())
        {
            using (var second = NewDisposeScope())
            {
                inner = ones(2);
                outer = (inner + 1).MoveToOuterDisposeScope();
                kept = second.Detach(inner * 3);
                second.Contains(inner).ShouldBeTrue();
            }

            inner.IsInvalid.ShouldBeTrue();
            outer.IsInvalid.ShouldBeFalse();
            first.Contains(outer).ShouldBeTrue();
        }

        outer.IsInvalid.ShouldBeTrue();
        kept.IsInvalid.ShouldBeFalse();
        kept.Dispose();
    }

    [Fact]
    public void Attach_takes_a_tensor_in_and_dispose_takes_it_out()
    {
        var free = ones(1);
        using (var scope = NewDisposeScope())
        {
            scope.Attach(free);
            var gone = ones(1);
            scope.DisposablesCount.ShouldBe(2);
            gone.Dispose();
            scope.DisposablesCount.ShouldBe(1);
            var spared = scope.DisposeEverythingBut(ones(1));
            free.IsInvalid.ShouldBeTrue();
            spared.IsInvalid.ShouldBeFalse();
        }
    }

    [Fact]
    public void Scopes_belong_to_their_thread()
    {
        Tensor? elsewhere = null;
        using (var scope = NewDisposeScope())
        {
            var thread = new Thread(() => elsewhere = ones(1));
            thread.Start();
            thread.Join();
            scope.DisposablesCount.ShouldBe(0);
        }

        elsewhere!.IsInvalid.ShouldBeFalse();
        elsewhere.Dispose();
    }

    [Fact]
    public void Scopes_may_end_out_of_order()
    {
        var outer = NewDisposeScope();
        var inner = NewDisposeScope();
        outer.Dispose();
        var made = ones(1);
        inner.Contains(made).ShouldBeTrue();
        inner.Dispose();
        made.IsInvalid.ShouldBeTrue();
        using var free = ones(1);
        free.OwnerlessAfter().ShouldBeTrue();
    }
}

internal static class ScopeProbe
{
    /// <summary>Whether the tensor survives the end of a scope opened after it.</summary>
    public static bool OwnerlessAfter(this Tensor tensor)
    {
        using (NewDisposeScope()) ones(1);
        return !tensor.IsInvalid;
    }
}
