namespace Akka.Actor;

/// <summary>Something that an actor system has once.</summary>
public interface IExtension
{
}

/// <summary>Names an extension and makes it.</summary>
public interface IExtensionId
{
    /// <summary>The type of the extension.</summary>
    Type ExtensionType { get; }

    /// <summary>The extension of a system; made where it is not there.</summary>
    object Apply(ActorSystem system);

    /// <summary>The extension of a system.</summary>
    object Get(ActorSystem system);

    /// <summary>A new extension for a system.</summary>
    object CreateExtension(ExtendedActorSystem system);
}

/// <summary>Names an extension and makes it.</summary>
public interface IExtensionId<out T> : IExtensionId where T : IExtension
{
    /// <summary>The extension of a system; made where it is not there.</summary>
    new T Apply(ActorSystem system);

    /// <summary>The extension of a system.</summary>
    new T Get(ActorSystem system);

    /// <summary>A new extension for a system.</summary>
    new T CreateExtension(ExtendedActorSystem system);
}

/// <summary>Names an extension and makes it.</summary>
public abstract class ExtensionIdProvider<T> : IExtensionId<T> where T : IExtension
{
    /// <inheritdoc />
    public Type ExtensionType => typeof(T);

    /// <inheritdoc />
    public T Apply(ActorSystem system) => (T)system.RegisterExtension(this);

    object IExtensionId.Apply(ActorSystem system) => Apply(system);

    /// <inheritdoc />
    public T Get(ActorSystem system) => Apply(system);

    object IExtensionId.Get(ActorSystem system) => Get(system);

    /// <inheritdoc />
    public abstract T CreateExtension(ExtendedActorSystem system);

    object IExtensionId.CreateExtension(ExtendedActorSystem system) => CreateExtension(system);

    /// <inheritdoc />
    public override bool Equals(object obj) => obj is ExtensionIdProvider<T>;

    /// <inheritdoc />
    public override int GetHashCode() => typeof(T).GetHashCode();
}

/// <summary>Finding extensions by type.</summary>
public static class ActorSystemWithExtensions
{
    /// <summary>The extension of a type, made by its provider where it is not there.</summary>
    public static T WithExtension<T>(this ActorSystem system, Type extensionIdType) where T : class, IExtension
        => system.HasExtension<T>() ? system.GetExtension<T>() : (T)system.RegisterExtension((IExtensionId)Activator.CreateInstance(extensionIdType));

    /// <summary>The extension of a type, made by its provider where it is not there.</summary>
    public static T WithExtension<T, TI>(this ActorSystem system) where T : class, IExtension where TI : IExtensionId
        => system.WithExtension<T>(typeof(TI));

    /// <summary>The extension of a type, made by a function where it is not there.</summary>
    public static T WithExtension<T>(this ActorSystem system, Func<IExtensionId<T>> extensionIdFactory) where T : class, IExtension
        => system.HasExtension<T>() ? system.GetExtension<T>() : (T)system.RegisterExtension(extensionIdFactory());
}
