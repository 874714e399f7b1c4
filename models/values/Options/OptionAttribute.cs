using System.Reflection;
using System.Text.Json.Serialization;

namespace ActorTrain.Models.Options;

/// <summary>Makes a property of an options record (<see cref="IOptions"/>) an option for users. The property is its only declaration: its
/// default is the value in a new record, its name in a run file or on the command line that of the property, and its kind of values follows
/// from the property's type.</summary>
/// <param name="help">What it does, in a phrase; another option of the record is named by its property, <c>{Window}</c>.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class OptionAttribute(string help) : Attribute
{
    public string Help => help;

    /// <summary>Its key if not the property's name: empty is that of the group, and <c>section.key</c> is a key of another
    /// section.</summary>
    public string? Key { get; init; }

    /// <summary>What is counted or measured; for a time, <c>seconds</c> or <c>minutes</c>.</summary>
    public string? Unit { get; init; }

    public double Min { get; init; }

    /// <summary>Whether 0, which is below <see cref="Min"/>, is a value with a meaning of its own.</summary>
    public bool OrZero { get; init; }

    /// <summary>By default that of the type.</summary>
    public double Max { get; init; } = double.MaxValue;

    /// <summary>Exclusive lower bound, instead of <see cref="Min"/>.</summary>
    public double Above { get; init; } = double.NaN;

    /// <summary>Exclusive upper bound, instead of <see cref="Max"/>.</summary>
    public double Below { get; init; } = double.NaN;

    /// <summary>For text: a pattern that must match completely.</summary>
    public string Pattern { get; init; } = "";

    /// <summary>For text: what it must be, to follow "it must be".</summary>
    public string Expectation { get; init; } = "";

    /// <summary>For text: possible words, for suggestions.</summary>
    public string[] Words { get; init; } = [];

    /// <summary>For a list of names: the static property with the choices.</summary>
    public string? Choices { get; init; }

    /// <summary>The word that stands for null.</summary>
    public string? Null { get; init; }

    /// <summary>How its default follows from other options, in words like those of <see cref="Help"/>: see
    /// <see cref="IOptions.Derive"/>.</summary>
    public string? Derived { get; init; }

    /// <summary>The properties that it sets, which must not be given together with it; such an option has no value of its own.</summary>
    public string[] Sets { get; init; } = [];

    /// <summary>Why a run may resume with another value. Without it, and without an <see cref="OptionGroupAttribute"/> that has it, the
    /// option is part of a run's identity.</summary>
    public string? MayChangeBecause { get; init; }

    public string Bounds => (OrZero ? "0 or " : "") + (double.IsNaN(Above) ? $"at least {Min}" : $"above {Above}")
        + (!double.IsNaN(Below) ? $" and below {Below}" : Max == double.MaxValue ? "" : $" and at most {Max}");

    /// <summary>The word for a value of an enum: its name in lower case, unless another is declared.</summary>
    public static string WordOf(Enum value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return value.GetType().GetField(value.ToString())!.GetCustomAttribute<JsonStringEnumMemberNameAttribute>()?.Name
            ?? value.ToString().ToLowerInvariant();
    }

    public bool Admits(double value) => (OrZero && value == 0)
        || (double.IsNaN(Above) ? value >= Min : value > Above) && (double.IsNaN(Below) ? value <= Max : value < Below);

    /// <summary>A value as a number in <see cref="Unit"/>; null if it is not one.</summary>
    public double? NumberOf(object? value) => value switch
    {
        int number => number,
        long number => number,
        double number => number,
        TimeSpan time => Unit == "minutes" ? time.TotalMinutes : time.TotalSeconds,
        _ => null,
    };

    /// <summary>The inverse of <see cref="NumberOf"/> for a time.</summary>
    public TimeSpan TimeOf(double value) => Unit == "minutes" ? TimeSpan.FromMinutes(value) : TimeSpan.FromSeconds(value);
}

/// <summary>Describes an options record: on a property that holds one, the key of its options; on the record itself, what they
/// share.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Class)]
public sealed class OptionGroupAttribute : Attribute
{
    /// <summary>Prefix of the keys of its options if not the property's name; empty: they are beside those of the enclosing
    /// record.</summary>
    public string? Key { get; init; }

    /// <summary>As <see cref="OptionAttribute.MayChangeBecause"/>, for all options of a record and of those below it.</summary>
    public string? MayChangeBecause { get; init; }
}
