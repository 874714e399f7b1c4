using System.Reflection;
using System.Runtime.CompilerServices;

namespace ActorTrain.Models.Options;

/// <summary>A record whose properties are options (<see cref="OptionAttribute"/>), or other records of options, or neither.</summary>
public interface IOptions
{
    /// <summary>The same options, with those not given derived from others.</summary>
    IOptions Derive(Predicate<string> isGiven) => this;

    /// <summary>Conflicts between options; bounds of single ones are checked already.</summary>
    IEnumerable<OptionProblem> Validate() => [];
}

public interface IOptionText<TSelf>
    where TSelf : IOptionText<TSelf>
{
    /// <summary>What the text must be, to follow "it must be".</summary>
    static abstract string Expectation { get; }

    /// <summary>The inverse of <see cref="object.ToString"/>; null if invalid.</summary>
    static abstract TSelf? Read(string text);
}

public static class OptionValidation
{
    public static bool HoldsOptions(this PropertyInfo property) => typeof(IOptions).IsAssignableFrom(property.PropertyType);

    /// <summary>The properties of an options record, its own before those of its base record, each in order of declaration; the order of
    /// reflection is not stable. Static ones, which hold records of the same kind, are not options.</summary>
    public static IEnumerable<PropertyInfo> Properties(Type record)
    {
        return record.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .OrderBy(property => DistanceTo(property.DeclaringType!)).ThenBy(static property => property.MetadataToken);

        int DistanceTo(Type declaring)
        {
            var distance = 0;
            for (var type = record; type is not null && type != declaring; type = type.BaseType)
                distance++;
            return distance;
        }
    }

    public static bool MustBeGiven(this PropertyInfo property) => property.IsDefined(typeof(RequiredMemberAttribute));

    public static IEnumerable<OptionProblem> Problems(this IOptions options)
    {
        foreach (var property in Properties(options.GetType()))
        {
            if (property.HoldsOptions())
            {
                foreach (var problem in ((IOptions)property.GetValue(options)!).Problems())
                    yield return problem.Within(property.Name);
            }
            else if (property.GetCustomAttribute<OptionAttribute>() is { } option
                && option.NumberOf(property.GetValue(options)) is { } number && !option.Admits(number))
            {
                yield return new OptionProblem($"{property.Name:key} is {number}, but it must be {option.Bounds}.");
            }
        }

        foreach (var problem in options.Validate())
            yield return problem;
    }

    /// <summary>Rejects invalid options.</summary>
    /// <param name="name">The user-visible name of a property, given its path; null for the property's name.</param>
    /// <exception cref="UserErrorException">The first sentence of <see cref="Problems"/>.</exception>
    public static void Require(this IOptions options, Func<string, string>? name = null)
    {
        if (options.Problems().FirstOrDefault() is { } problem)
            throw new UserErrorException(problem.In(name ?? (static path => path)));
    }
}
