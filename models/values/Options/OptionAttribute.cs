namespace ActorTrain.Models.Options;

/// <summary>Makes a property of an options record (<see cref="IOptions"/>) an option that people set. Nothing else declares it: its default
/// is the value in a new record, its name in a run file or on the command line that of the property, and its kind of values follows from
/// the property's type.</summary>
/// <param name="help">What it does, in a phrase; another option of the record is named by its property, <c>{Window}</c>.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class OptionAttribute(string help) : Attribute
{
    public string Help => help;

    /// <summary>Its key where that is not the property's name: empty is that of the group, and <c>section.key</c> is a key of another
    /// section.</summary>
    public string? Key { get; init; }

    /// <summary>What is counted or measured; a time is written in it, <c>seconds</c> or <c>minutes</c>.</summary>
    public string? Unit { get; init; }

    public double Min { get; init; }

    /// <summary>The greatest value; without it that of the type.</summary>
    public double Max { get; init; } = double.MaxValue;

    /// <summary>What a value must be above, instead of <see cref="Min"/>.</summary>
    public double Above { get; init; } = double.NaN;

    /// <summary>What a value must be below, instead of <see cref="Max"/>.</summary>
    public double Below { get; init; } = double.NaN;

    /// <summary>Of a text: the pattern that all of it matches.</summary>
    public string Pattern { get; init; } = "";

    /// <summary>Of a text: what it must be, to follow "it must be".</summary>
    public string Expectation { get; init; } = "";

    /// <summary>Of a text: words that it may be, to suggest the one that was meant.</summary>
    public string[] Words { get; init; } = [];

    /// <summary>Of a list of names: the static property that holds those to choose from.</summary>
    public string? Choices { get; init; }

    /// <summary>The word that stands for null.</summary>
    public string? Null { get; init; }

    /// <summary>How it follows from others where it is not given, in words as those of <see cref="Help"/>: see
    /// <see cref="IOptions.Derive"/>.</summary>
    public string? Derived { get; init; }

    /// <summary>The properties that it sets and may not be given beside; such an option has no value of its own.</summary>
    public string[] Sets { get; init; } = [];

    /// <summary>Why a run may be resumed with another value. Without it, and without that of an <see cref="OptionGroupAttribute"/> around,
    /// the option is part of a run's identity.</summary>
    public string? MayChangeBecause { get; init; }

    /// <summary>The bounds in words, such as <c>at least 1 and below 5</c>.</summary>
    public string Bounds => (double.IsNaN(Above) ? $"at least {Min}" : $"above {Above}")
        + (!double.IsNaN(Below) ? $" and below {Below}" : Max == double.MaxValue ? "" : $" and at most {Max}");

    /// <summary>Whether a number is within the bounds.</summary>
    public bool Admits(double value) =>
        (double.IsNaN(Above) ? value >= Min : value > Above) && (double.IsNaN(Below) ? value <= Max : value < Below);

    /// <summary>A value as a number in <see cref="Unit"/>; null where it is none.</summary>
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

/// <summary>Says more of an options record: beside a property that holds one, under which key its options stand; beside the record itself,
/// what all of them share.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Class)]
public sealed class OptionGroupAttribute : Attribute
{
    /// <summary>What the keys of its options begin with, where that is not the property's name; empty: they stand beside those of the
    /// record around it.</summary>
    public string? Key { get; init; }

    /// <summary>As <see cref="OptionAttribute.MayChangeBecause"/>, for all options of a record and of those below it.</summary>
    public string? MayChangeBecause { get; init; }
}
