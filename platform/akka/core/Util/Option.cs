namespace Akka.Util;

/// <summary>A value or none.</summary>
public readonly struct Option<T> : IEquatable<Option<T>>
{
    /// <summary>No value.</summary>
    public static readonly Option<T> None;

    /// <summary>A value.</summary>
    public Option(T value)
    {
        Value = value;
        HasValue = value is not null;
    }

    /// <summary>Whether there is a value.</summary>
    public bool HasValue { get; }

    /// <summary>Whether there is none.</summary>
    public bool IsEmpty => !HasValue;

    /// <summary>The value, or the default of the type.</summary>
    public T Value { get; }

    /// <summary>A value.</summary>
    public static Option<T> Create(T value) => new(value);

    /// <summary>The value, or another where there is none.</summary>
    public T GetOrElse(T fallbackValue) => HasValue ? Value : fallbackValue;

    /// <summary>The value mapped, or none.</summary>
    public Option<TNew> Select<TNew>(Func<T, TNew> selector) => HasValue ? selector(Value) : Option<TNew>.None;

    /// <inheritdoc />
    public bool Equals(Option<T> other) => HasValue == other.HasValue && EqualityComparer<T>.Default.Equals(Value, other.Value);

    /// <inheritdoc />
    public override bool Equals(object obj) => obj is Option<T> other && Equals(other);

    /// <inheritdoc />
    public override int GetHashCode() => HasValue ? Value.GetHashCode() : 0;

    /// <inheritdoc />
    public override string ToString() => HasValue ? $"Some<{Value}>" : "None";

    /// <summary>A value as an option.</summary>
    public static implicit operator Option<T>(T value) => new(value);

    /// <summary>Whether two are the same.</summary>
    public static bool operator ==(Option<T> left, Option<T> right) => left.Equals(right);

    /// <summary>Whether two differ.</summary>
    public static bool operator !=(Option<T> left, Option<T> right) => !left.Equals(right);
}
