using Akka.Util;

namespace Akka.Actor.Setup;

/// <summary>A part of what a system is made with.</summary>
public abstract class Setup
{
    /// <summary>With another part.</summary>
    public ActorSystemSetup And(Setup other) => ActorSystemSetup.Create(this).And(other);
}

/// <summary>The parts that a system is made with, one of a type.</summary>
public sealed class ActorSystemSetup
{
    private readonly Dictionary<Type, Setup> setups;

    private ActorSystemSetup(Dictionary<Type, Setup> setups) => this.setups = setups;

    /// <summary>No parts.</summary>
    public static ActorSystemSetup Empty { get; } = new([]);

    /// <summary>With parts.</summary>
    public static ActorSystemSetup Create(params Setup[] setup) => setup.Aggregate(Empty, (all, one) => all.And(one));

    /// <summary>The part of a type.</summary>
    public Option<T> Get<T>() where T : Setup => setups.TryGetValue(typeof(T), out var setup) ? new Option<T>((T)setup) : Option<T>.None;

    /// <summary>With another part, in place of one of its type.</summary>
    public ActorSystemSetup WithSetup<T>(T setup) where T : Setup => new(new(setups) { [setup.GetType()] = setup });

    /// <summary>With another part, in place of one of its type.</summary>
    public ActorSystemSetup And<T>(T setup) where T : Setup => WithSetup(setup);
}
