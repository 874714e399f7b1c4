namespace TorchSharp;

/// <summary>Disposes, at its own end, of every tensor made on its thread while it was the innermost scope.</summary>
public sealed class DisposeScope : IDisposable
{
    private readonly DisposeScopeManager manager;
    private HashSet<IDisposable> held = new(ReferenceEqualityComparer.Instance);

    /// <summary>A scope inside the manager's current one; <see cref="torch.NewDisposeScope"/> makes it the current one.</summary>
    public DisposeScope(DisposeScopeManager disposeScopeManager)
    {
        ArgumentNullException.ThrowIfNull(disposeScopeManager);
        manager = disposeScopeManager;
        OuterScope = manager.Current;
    }

    internal DisposeScope? OuterScope { get; set; }

    /// <summary>A copy of the list of what the scope holds.</summary>
    public IReadOnlyList<IDisposable> DisposablesView => held.ToList();

    /// <summary>How many objects the scope holds.</summary>
    public int DisposablesCount => held.Count;

    /// <summary>Puts the object under this scope's care, also where another scope holds it.</summary>
    public T Include<T>(T disposable) where T : IDisposable
    {
        Hold(disposable);
        return disposable;
    }

    /// <summary>Hands the object to the enclosing scope, or to nobody where there is none.</summary>
    public T MoveToOuter<T>(T disposable) where T : IDisposable => MoveToOther(OuterScope, disposable);

    /// <summary>Hands both objects to the enclosing scope.</summary>
    public (T1 first, T2 second) MoveToOuter<T1, T2>(T1 first, T2 second) where T1 : IDisposable where T2 : IDisposable =>
        (MoveToOuter(first), MoveToOuter(second));

    /// <summary>Hands the three objects to the enclosing scope.</summary>
    public (T1 first, T2 second, T3 third) MoveToOuter<T1, T2, T3>(T1 first, T2 second, T3 third)
        where T1 : IDisposable where T2 : IDisposable where T3 : IDisposable => (MoveToOuter(first), MoveToOuter(second), MoveToOuter(third));

    /// <summary>Hands the objects to the enclosing scope.</summary>
    public void MoveToOuter(params IDisposable[] disposables) => MoveToOther(OuterScope, disposables);

    /// <summary>Hands the objects to the enclosing scope.</summary>
    public void MoveToOuter(IEnumerable<IDisposable> disposables) => MoveToOther(OuterScope, disposables);

    /// <summary>Hands the object to another scope, or to nobody where it is null; without effect where this scope does not hold it.</summary>
    public T MoveToOther<T>(DisposeScope? scope, T disposable) where T : IDisposable
    {
        Move(scope, disposable);
        return disposable;
    }

    /// <summary>Hands those of the objects that this scope holds to another scope, or to nobody where it is null.</summary>
    public void MoveToOther(DisposeScope? scope, params IDisposable[] disposables) => MoveToOther(scope, (IEnumerable<IDisposable>)disposables);

    /// <summary>Hands those of the objects that this scope holds to another scope, or to nobody where it is null.</summary>
    public void MoveToOther(DisposeScope? scope, IEnumerable<IDisposable> disposables)
    {
        foreach (var disposable in disposables) Move(scope, disposable);
    }

    /// <summary>Takes the object out of the scope; from then on its owner disposes of it.</summary>
    public T Detach<T>(T disposable) where T : IDisposable => MoveToOther(null, disposable);

    /// <summary>Takes both objects out of the scope.</summary>
    public (T1 first, T2 second) Detach<T1, T2>(T1 first, T2 second) where T1 : IDisposable where T2 : IDisposable =>
        (Detach(first), Detach(second));

    /// <summary>Takes the three objects out of the scope.</summary>
    public (T1 first, T2 second, T3 third) Detach<T1, T2, T3>(T1 first, T2 second, T3 third)
        where T1 : IDisposable where T2 : IDisposable where T3 : IDisposable => (Detach(first), Detach(second), Detach(third));

    /// <summary>Takes the objects out of the scope.</summary>
    public void Detach(params IDisposable[] disposables) => MoveToOther(null, disposables);

    /// <summary>Takes the objects out of the scope.</summary>
    public void Detach(IEnumerable<IDisposable> disposables) => MoveToOther(null, disposables);

    /// <summary>Takes a tensor into this scope, out of the one that held it.</summary>
    public void Attach(IDisposable disposable) => Take(disposable);

    private void Take(IDisposable disposable)
    {
        if (disposable is torch.Tensor { OwningDisposeScope: { } owner } && !ReferenceEquals(owner, this)) owner.held.Remove(disposable);
        Hold(disposable);
    }

    /// <summary>Takes tensors into this scope, each out of the one that held it.</summary>
    public void Attach(params IDisposable[] disposables) => Attach((IEnumerable<IDisposable>)disposables);

    /// <summary>Takes tensors into this scope, each out of the one that held it.</summary>
    public void Attach(IEnumerable<IDisposable> disposables)
    {
        foreach (var disposable in disposables) Take(disposable);
    }

    /// <summary>Disposes of all that the scope holds; the scope itself stays open.</summary>
    public void DisposeEverything() => DisposeEverythingBut((IEnumerable<IDisposable>)[]);

    /// <summary>Disposes of all that the scope holds except these, which it goes on holding.</summary>
    public void DisposeEverythingBut(IEnumerable<IDisposable> inKeep)
    {
        var old = held;
        held = new HashSet<IDisposable>(inKeep, ReferenceEqualityComparer.Instance);
        foreach (var disposable in old)
        {
            if (held.Contains(disposable)) continue;
            if (disposable is torch.Tensor tensor) tensor.OwningDisposeScope = null;
            disposable.Dispose();
        }
    }

    /// <summary>Disposes of all that the scope holds except these, which it goes on holding.</summary>
    public void DisposeEverythingBut(params IDisposable[] keep) => DisposeEverythingBut((IEnumerable<IDisposable>)keep);

    /// <summary>Disposes of all that the scope holds except this, which it goes on holding and returns.</summary>
    public T DisposeEverythingBut<T>(T keep) where T : IDisposable
    {
        DisposeEverythingBut((IEnumerable<IDisposable>)[keep]);
        return keep;
    }

    /// <summary>Whether the scope holds the object.</summary>
    public bool Contains(IDisposable disposable) => held.Contains(disposable);

    /// <summary>Tells the scope that something it holds was disposed of by hand.</summary>
    public void MarkAsDisposed(IDisposable disposable)
    {
        held.Remove(disposable);
        if (disposable is torch.Tensor tensor) tensor.OwningDisposeScope = null;
    }

    /// <summary>Disposes of all that the scope holds and takes it off its thread's stack.</summary>
    public void Dispose()
    {
        DisposeEverything();
        manager.Remove(this);
    }

    internal void Hold(IDisposable disposable)
    {
        held.Add(disposable);
        if (disposable is torch.Tensor tensor) tensor.OwningDisposeScope = this;
    }

    private void Move(DisposeScope? scope, IDisposable disposable)
    {
        if (!held.Remove(disposable)) return;
        if (scope is not null) scope.Hold(disposable);
        else if (disposable is torch.Tensor tensor) tensor.OwningDisposeScope = null;
    }
}

/// <summary>The stack of scopes of one thread.</summary>
public class DisposeScopeManager
{
    [ThreadStatic]
    private static DisposeScopeManager? threadSingleton;

    internal static DisposeScopeManager ThreadSingleton => threadSingleton ??= new DisposeScopeManager();

    internal DisposeScope? Current { get; private set; }

    internal DisposeScope New() => Current = new DisposeScope(this);

    internal void Remove(DisposeScope scope)
    {
        if (ReferenceEquals(Current, scope))
        {
            Current = scope.OuterScope;
            return;
        }

        // Scopes may be disposed of out of order; the stack closes over the gap.
        for (var inner = Current; inner is not null; inner = inner.OuterScope)
        {
            if (!ReferenceEquals(inner.OuterScope, scope)) continue;
            inner.OuterScope = scope.OuterScope;
            return;
        }
    }
}

public static partial class torch
{
    /// <summary>Opens a scope on this thread; dispose of it where it was opened.</summary>
    public static DisposeScope NewDisposeScope() => DisposeScopeManager.ThreadSingleton.New();

    /// <summary>Runs <paramref name="expr"/> in a scope of its own; the tensor it returns survives.</summary>
    public static Tensor WrappedTensorDisposeScope(Func<Tensor> expr)
    {
        using var scope = NewDisposeScope();
        return expr().MoveToOuterDisposeScope();
    }

    // Scopes from a tensor's side.
    public partial class Tensor
    {
        /// <summary>Hands the tensor to the scope around the one that holds it; without effect where none does.</summary>
        public Tensor MoveToOuterDisposeScope()
        {
            OwningDisposeScope?.MoveToOuter((IDisposable)this);
            return this;
        }

        /// <summary>Takes the tensor out of its scope; the caller disposes of it.</summary>
        public Tensor DetachFromDisposeScope()
        {
            OwningDisposeScope?.Detach((IDisposable)this);
            return this;
        }

        /// <summary>Hands the tensor to the scope that holds the other, or to nobody where none does.</summary>
        public Tensor MoveToOtherDisposeScope(Tensor other) => MoveToOtherDisposeScope(other.OwningDisposeScope);

        /// <summary>Hands the tensor to the scope, or to nobody where it is null.</summary>
        public Tensor MoveToOtherDisposeScope(DisposeScope? other)
        {
            if (OwningDisposeScope is { } owner) owner.MoveToOther(other, (IDisposable)this);
            else other?.Attach(this);
            return this;
        }
    }
}
